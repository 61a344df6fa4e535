/** A piece of an HTTP answer: as it is, and as one chunk (RFC 9112 §7.1) that can go to the socket. Both share their memory. */
export class Piece {
  readonly chunk: Buffer;
  readonly #start: number;

  constructor(content: Buffer | string) {
    const length = Buffer.byteLength(content);
    const head = `${length.toString(16)}\r\n`;
    this.#start = head.length;
    this.chunk = Buffer.allocUnsafe(head.length + length + 2);
    this.chunk.write(head);
    if (typeof content === 'string') this.chunk.write(content, head.length);
    else content.copy(this.chunk, head.length);
    this.chunk.write('\r\n', head.length + length);
  }

  get bytes(): Buffer {
    return this.chunk.subarray(this.#start, -2);
  }
}
