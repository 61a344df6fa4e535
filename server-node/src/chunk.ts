/** A piece of an HTTP answer: as it is, and as one chunk (RFC 9112 §7.1) that can go to the socket. Both share their memory. */
export interface Piece {
  readonly bytes: Buffer;
  readonly chunk: Buffer;
}

export function piece(bytes: Buffer): Piece {
  const head = `${bytes.length.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(head.length + bytes.length + 2);
  chunk.write(head);
  bytes.copy(chunk, head.length);
  chunk.write('\r\n', chunk.length - 2);
  return { chunk, bytes: chunk.subarray(head.length, -2) };
}
