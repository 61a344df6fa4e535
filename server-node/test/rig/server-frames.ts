/** Reads the frames of a WebSocket server from its bytes (RFC 6455 §5.2), without compression. */
export interface ServerFrames {
  readonly texts: readonly string[];
  /** The code of the close frame, if there is one; 1005: it has none. */
  readonly close: number | undefined;
  /** The bytes after the last whole frame. */
  readonly rest: Buffer;
}

export function readServerFrames(bytes: Buffer): ServerFrames {
  const texts: string[] = [];
  let close: number | undefined;
  let at = 0;
  while (at + 2 <= bytes.length) {
    const opcode = bytes[at]! & 15;
    let length = bytes[at + 1]! & 127;
    let head = 2;
    if (length === 126) {
      if (at + 4 > bytes.length) break;
      length = bytes.readUInt16BE(at + 2);
      head = 4;
    } else if (length === 127) {
      if (at + 10 > bytes.length) break;
      length = Number(bytes.readBigUInt64BE(at + 2));
      head = 10;
    }
    if (at + head + length > bytes.length) break;
    const payload = bytes.subarray(at + head, at + head + length);
    if (opcode === 1 && !(bytes[at]! & 0x40)) texts.push(payload.toString());
    if (opcode === 8) close = length >= 2 ? payload.readUInt16BE(0) : 1005;
    at += head + length;
  }
  return { texts, close, rest: bytes.subarray(at) };
}
