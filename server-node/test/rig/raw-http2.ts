/** Frames of an HTTP/2 client as bytes (RFC 9113 §4.1), sound or not, and the statuses in the answer of a server. */

const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
/** A frame may have so many bytes, unless a peer allows more. */
const FRAME_BYTES = 16_384;
const END_STREAM = 1;
const END_HEADERS = 4;
/** Statuses that have an index of their own, from 8 on (RFC 7541, appendix A). */
const INDEXED = [200, 204, 206, 304, 400, 404, 500];

function raw(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A text of a header (RFC 7541 §5.2), without compression. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const head = [127];
  let rest = bytes.length - 127;
  for (; rest > 127; rest >>= 7) head.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...head, rest]), bytes]);
}

export const http2Frame = {
  /** The beginning of a connection. The server may not remember headers, so that each of its answers is read alone. */
  opening: (): Buffer =>
    Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      raw(SETTINGS, 0, 0, Buffer.from([0, 1, 0, 0, 0, 0])),
    ]),
  /** A request, with a body if there is one. Its headers are not checked. */
  request(stream: number, headers: Readonly<Record<string, string>>, body = ''): Buffer {
    const block = Object.entries(headers).flatMap(([name, value]) => [
      Buffer.from([0x10]), // never indexed
      text(name),
      text(value),
    ]);
    const frames = [raw(HEADERS, END_HEADERS | (body === '' ? END_STREAM : 0), stream, Buffer.concat(block))];
    const bytes = Buffer.from(body);
    for (let at = 0; at < bytes.length; at += FRAME_BYTES) {
      const end = at + FRAME_BYTES;
      frames.push(raw(DATA, end < bytes.length ? 0 : END_STREAM, stream, bytes.subarray(at, end)));
    }
    return Buffer.concat(frames);
  },
};

/** Reads the statuses of a server that remembers no headers. */
export function readStatuses(bytes: Buffer): number[] {
  const statuses: number[] = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const status = bytes[at + 3] === HEADERS ? statusOf(bytes.subarray(at + 9, end)) : undefined;
    if (status !== undefined) statuses.push(status);
    at = end;
  }
  return statuses;
}

/** The status in a block of headers: the first of them. */
function statusOf(block: Buffer): number | undefined {
  let at = 0;
  while ((block[at]! & 0xe0) === 0x20) at++; // the size of the table
  const first = block[at]!;
  if (first & 0x80) return INDEXED[(first & 0x7f) - 8];
  const length = block[at + 1]!;
  const value = block.subarray(at + 2, at + 2 + (length & 0x7f));
  return Number(length & 0x80 ? digits(value) : value.toString());
}

/** Digits in the Huffman code of RFC 7541, appendix B: 0 to 2 have five bits, others six. */
function digits(bytes: Buffer): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  let result = '';
  for (let at = 0; result.length < 3;) {
    const short = parseInt(bits.slice(at, at + 5), 2);
    result += short < 3 ? short : parseInt(bits.slice(at, at + 6), 2) - 0x16;
    at += short < 3 ? 5 : 6;
  }
  return result;
}
