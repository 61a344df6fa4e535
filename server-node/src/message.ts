import type { Position } from '@velox/core/protocol';
import { piece, type Piece } from './chunk.js';
import { textFrame } from './frame.js';

/**
 * One message, encoded at most once per wire form however many sessions get it. The Buffers are shared: nobody writes into
 * them.
 */
export class Message {
  /** The frame as JSON text. */
  readonly text: string;
  readonly #position: Position | undefined;
  #size: number | undefined;
  #webSocket: Buffer | undefined;
  #sse: Piece | undefined;

  /** @param position what a plain EventSource resumes from: the SSE event's id */
  constructor(text: string, position?: Position) {
    this.text = text;
    this.#position = position;
  }

  /** Bytes of the text in UTF-8. */
  get size(): number {
    return (this.#size ??= Buffer.byteLength(this.text));
  }

  /** An unfragmented, unmasked text frame (RFC 6455 §5.2). */
  get webSocket(): Buffer {
    return (this.#webSocket ??= textFrame(this.text, this.size));
  }

  /** One event of an event stream (HTML spec §9.2.6): the id where there is one, a single data line, an empty line. */
  get sse(): Piece {
    const id = this.#position ? `id: ${this.#position.id}:${this.#position.version}\n` : '';
    return (this.#sse ??= piece(Buffer.from(`${id}data: ${this.text}\n\n`)));
  }
}

/** The message for a frame that goes to few. */
export function message(frame: object): Message {
  return new Message(JSON.stringify(frame));
}
