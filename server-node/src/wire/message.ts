import type { Position } from '@velox/core/protocol';
import { HttpChunk } from './http-chunk.js';
import { deflated, flushed, payloadOf, stored } from './deflate.js';
import { flushedLater } from './flushed-later.js';
import { deflatedFrame, textFrame } from './websocket-frame.js';
import type { SharedWindow } from './shared-window.js';

/** The shortest message that is worth compressing independently, in bytes. */
const WORTHWHILE_BYTES = 256;

/** A longer message is compressed off the loop, in bytes. */
const LONG_BYTES = 256 * 1024;

/** A form of a message that may be compressed. */
export type CompressedForm = 'deflated' | 'gzip';

/** The forms of a long message that are being compressed, and the uncompressed part of a gzip stream. */
interface Later {
  deflated?: Promise<void> | undefined;
  gzip?: Promise<void> | undefined;
  stored?: HttpChunk;
}

/**
 * Why an event was given up.
 *
 * | code | meaning |
 * | --- | --- |
 * | `overflow` | too many events waited; it was never written |
 * | `refused` | the client ended two links because of it |
 * | `ended` | the session ended or has no link; it was never written |
 * | `unknown-outcome` | it was written and never acknowledged, so it may have arrived |
 */
export type DropCode = 'overflow' | 'refused' | 'ended' | 'unknown-outcome';

export interface MessageOptions {
  /** The SSE event's id, from which a plain EventSource resumes. */
  readonly position?: Position;
  /** The SSE event's id, if it is not the position; a function is called when it is needed. */
  readonly eventId?: string | (() => string) | undefined;
  /** Default `false`. Data for one client is never compressed, so its length leaks nothing. */
  readonly isCompressible?: boolean;
  /** Whether the frame takes a number of its session. Default `false`. */
  readonly isNumbered?: boolean;
  /** The channel of an event; default `''`. */
  readonly channel?: string | undefined;
  /** Called if a session gives the message up. */
  readonly onDrop?: ((code: DropCode) => void) | undefined;
  /** Whether the text is a part of an event stream, written as it is, and no frame. Default `false`. */
  readonly isRaw?: boolean;
  /** Compresses the message together with earlier ones. */
  readonly window?: SharedWindow | undefined;
}

/** One message, encoded at most once per wire form however many sessions receive it. Its Buffers are shared and never written to. */
export class Message {
  /** The frame as JSON text. */
  readonly text: string;
  readonly isCompressible: boolean;
  readonly isNumbered: boolean;
  readonly channel: string;
  readonly onDrop: ((code: DropCode) => void) | undefined;
  readonly window: SharedWindow | undefined;
  readonly #isRaw: boolean;
  readonly #position: Position | undefined;
  readonly #eventId: string | (() => string) | undefined;
  #size: number | undefined;
  #webSocket: Buffer | undefined;
  #deflated: Buffer | undefined;
  #sse: HttpChunk | undefined;
  #gzip: HttpChunk | undefined;
  #later: Later | undefined;

  constructor(text: string, options: MessageOptions = {}) {
    const { position, eventId, isCompressible = false, isNumbered = false, channel = '', window } = options;
    this.text = text;
    this.#isRaw = options.isRaw === true;
    this.isCompressible = isCompressible;
    this.isNumbered = isNumbered;
    this.channel = channel;
    this.onDrop = options.onDrop;
    this.window = window;
    this.#position = position;
    this.#eventId = eventId;
  }

  /** Bytes of the text in UTF-8. */
  get size(): number {
    return (this.#size ??= Buffer.byteLength(this.text));
  }

  /** An unfragmented, unmasked text frame (RFC 6455 §5.2). */
  get webSocket(): Buffer {
    return (this.#webSocket ??= textFrame(this.text, this.size));
  }

  /** Bytes of the text, which share the memory of the frame. */
  get bytes(): Buffer {
    return this.webSocket.subarray(-this.size);
  }

  /** Whether it is compressed off the loop. */
  get isLong(): boolean {
    return this.isCompressible && this.size > LONG_BYTES;
  }

  /**
   * The same, compressed independently of other messages (RFC 7692) if that is shorter: any client can read it. A long message stays
   * uncompressed until `whenCompressed` resolves.
   */
  get deflated(): Buffer {
    if (!this.#deflated && this.isLong) return this.webSocket;
    return (this.#deflated ??= this.#deflate());
  }

  /** One event of an event stream (HTML spec §9.2.6): the id if there is one, a single data line, an empty line. */
  get sse(): HttpChunk {
    return (this.#sse ??= new HttpChunk(this.#event()));
  }

  /**
   * The same as a flushed part of a gzip stream: compressed independently, or stored if that is shorter. A long message is stored until
   * `whenCompressed` resolves.
   */
  get gzip(): HttpChunk {
    if (!this.#gzip && this.isLong) return this.#stored();
    return (this.#gzip ??= new HttpChunk(this.#block()));
  }

  /**
   * Starts to compress a long message, once for all waiting callers. Undefined: the form will not get
   * shorter, and may be written now.
   */
  whenCompressed(form: CompressedForm): Promise<void> | undefined {
    if (!this.isLong || (form === 'gzip' ? this.#gzip : this.#deflated)) return undefined;
    const later = (this.#later ??= {});
    const data = (): Buffer => Buffer.from(form === 'gzip' ? this.#event() : this.text);
    return (later[form] ??= flushedLater(this.size, data)?.then((flush) => {
      if (form === 'gzip') this.#gzip = this.#shorter(flush);
      else if (flush && flush.length < this.size) this.#deflated = deflatedFrame(payloadOf(flush));
      else this.#deflated = this.webSocket;
      later[form] = undefined;
    }));
  }

  #shorter(flush: Buffer | undefined): HttpChunk {
    return flush && flush.length < this.size ? new HttpChunk(flush) : this.#stored();
  }

  #stored(): HttpChunk {
    return ((this.#later ??= {}).stored ??= new HttpChunk(stored(Buffer.from(this.#event()))));
  }

  #deflate(): Buffer {
    if (!this.#isWorthwhile()) return this.webSocket;
    const payload = deflated(Buffer.from(this.text));
    return payload.length < this.size ? deflatedFrame(payload) : this.webSocket;
  }

  #event(): string {
    if (this.#isRaw) return this.text;
    const own = typeof this.#eventId === 'function' ? this.#eventId() : this.#eventId;
    const id = own ?? (this.#position && `${this.#position.id}:${this.#position.version}`);
    const head = id === undefined ? '' : `id: ${id}\n`;
    return `${head}data: ${this.text}\n\n`;
  }

  #block(): Buffer {
    const event = Buffer.from(this.#event());
    const plain = stored(event);
    if (!this.#isWorthwhile()) return plain;
    const compressed = flushed(event);
    return compressed.length < plain.length ? compressed : plain;
  }

  #isWorthwhile(): boolean {
    return this.isCompressible && this.size >= WORTHWHILE_BYTES;
  }
}

/** Creates the message of a frame that few sessions receive. */
export function message(frame: object): Message {
  return new Message(JSON.stringify(frame));
}
