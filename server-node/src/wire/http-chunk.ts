/** A part of an HTTP answer: its bytes, and the same bytes framed as one chunk (RFC 9112 §7.1). Both share their memory. */
export class HttpChunk {
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
