import type { Position } from '@velox/core/protocol';

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
  #sse: Buffer | undefined;

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
  get sse(): Buffer {
    const id = this.#position ? `id: ${this.#position.id}:${this.#position.version}\n` : '';
    return (this.#sse ??= Buffer.from(`${id}data: ${this.text}\n\n`));
  }
}

/** The message for a frame that goes to few. */
export function message(frame: object): Message {
  return new Message(JSON.stringify(frame));
}

const FIN_TEXT = 0x81;

function textFrame(text: string, length: number): Buffer {
  const head = length < 126 ? 2 : length < 65536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = FIN_TEXT;
  if (head === 2) {
    frame[1] = length;
  } else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length % 2 ** 32, 6);
  }
  frame.write(text, head);
  return frame;
}
