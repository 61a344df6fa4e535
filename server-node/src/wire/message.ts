import type { Position } from '@velox/core/protocol';
import { HttpChunk } from './http-chunk.js';
import { deflated, flushed, stored } from './deflate.js';
import { deflatedFrame, textFrame } from './websocket-frame.js';
import type { SharedWindow } from './shared-window.js';

/** A shorter message is hardly shorter when it is compressed by itself, in bytes. */
const WORTHWHILE = 256;

/** What there is to say of a message beside its text. */
export interface MessageOptions {
  /** What a plain EventSource resumes from: the SSE event's id. */
  readonly position?: Position;
  /** The SSE event's id, if it is not the position. */
  readonly eventId?: string;
  /** Whether it may be compressed: default no, for what is one client's alone tells nobody anything by its length. */
  readonly isCompressible?: boolean;
  /** Compresses it together with those before it. */
  readonly window?: SharedWindow | undefined;
}

/**
 * One message, encoded at most once per wire form however many sessions get it. The Buffers are shared: nobody writes into
 * them.
 */
export class Message {
  /** The frame as JSON text. */
  readonly text: string;
  readonly isCompressible: boolean;
  readonly window: SharedWindow | undefined;
  readonly #position: Position | undefined;
  readonly #eventId: string | undefined;
  #size: number | undefined;
  #webSocket: Buffer | undefined;
  #deflated: Buffer | undefined;
  #sse: HttpChunk | undefined;
  #gzip: HttpChunk | undefined;

  constructor(text: string, { position, eventId, isCompressible = false, window }: MessageOptions = {}) {
    this.text = text;
    this.isCompressible = isCompressible;
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

  /** The same, compressed by itself (RFC 7692) where that is shorter: whoever has got whatever before can read it. */
  get deflated(): Buffer {
    return (this.#deflated ??= this.#deflate());
  }

  /** One event of an event stream (HTML spec §9.2.6): the id where there is one, a single data line, an empty line. */
  get sse(): HttpChunk {
    return (this.#sse ??= new HttpChunk(this.#event()));
  }

  /** The same as a part of a gzip stream, which can be read as soon as it is there: compressed by itself, or as it is. */
  get gzip(): HttpChunk {
    return (this.#gzip ??= new HttpChunk(this.#block()));
  }

  #deflate(): Buffer {
    if (!this.#isWorthwhile()) return this.webSocket;
    const payload = deflated(Buffer.from(this.text));
    return payload.length < this.size ? deflatedFrame(payload) : this.webSocket;
  }

  #event(): string {
    const id = this.#eventId ?? (this.#position && `${this.#position.id}:${this.#position.version}`);
    return `${
      id === undefined
        ? ''
        : `id: ${id}
`
    }data: ${this.text}

`;
  }

  #block(): Buffer {
    const event = Buffer.from(this.#event());
    const plain = stored(event);
    if (!this.#isWorthwhile()) return plain;
    const compressed = flushed(event);
    return compressed.length < plain.length ? compressed : plain;
  }

  #isWorthwhile(): boolean {
    return this.isCompressible && this.size >= WORTHWHILE;
  }
}

/** The message for a frame that goes to few. */
export function message(frame: object): Message {
  return new Message(JSON.stringify(frame));
}
