/** Frames of a WebSocket client as bytes (RFC 6455 §5.2), sound or not. */
import { constants, deflateRawSync } from 'node:zlib';

/**
 * A frame; `first` is its first byte: FIN 0x80, RSV1 0x40, and the opcode. Its contents determine its mask, so that a seed repeats each
 * byte.
 */
function raw(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? Buffer.alloc(2) : length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = first;
  head[1] = 0x80 | (head.length === 2 ? length : head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  const mask = Buffer.from([first, length & 255, 0x5a, 0xa5]);
  const masked = Buffer.from(payload);
  for (let at = 0; at < length; at++) masked[at] = (masked[at] as number) ^ (mask[at & 3] as number);
  return Buffer.concat([head, mask, masked]);
}

/** Compresses the payload of a message (RFC 7692 §7.2.1). */
function deflate(text: string | Buffer): Buffer {
  return deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

export const frame = {
  raw,
  text: (text: string | Buffer): Buffer => raw(0x81, Buffer.from(text as string)),
  deflated: (text: string | Buffer): Buffer => raw(0xc1, deflate(text)),
  /** Like `deflated`, but as a block without compression (RFC 1951 §3.2.4), which is made faster. For at most 65,535 bytes. */
  stored(text: string): Buffer {
    const payload = Buffer.from(text);
    const head = Buffer.alloc(5);
    head.writeUInt16LE(payload.length, 1);
    head.writeUInt16LE(payload.length ^ 0xffff, 3);
    return raw(0xc1, Buffer.concat([head, payload, Buffer.alloc(1)]));
  },
  ping: (): Buffer => raw(0x89, Buffer.alloc(0)),
  /** One message in as many frames as there are parts; compressed, it has as many parts of its bytes. */
  fragments(parts: readonly string[], isDeflated: boolean): Buffer[] {
    const whole = isDeflated ? deflate(parts.join('')) : undefined;
    const size = Math.ceil((whole?.length ?? 0) / parts.length);
    return parts.map((part, at) => {
      const payload = whole ? whole.subarray(at * size, (at + 1) * size) : Buffer.from(part);
      const isLast = at === parts.length - 1;
      return raw((isLast ? 0x80 : 0) | (at === 0 ? (isDeflated ? 0x41 : 1) : 0), payload);
    });
  },
};
