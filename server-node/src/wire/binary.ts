import { dataOf, dataText, type Carried } from '@velox/core/protocol';

/** Base64 with padding (RFC 4648 §4). `Buffer` ignores other characters. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const toBase64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !BASE64.test(text)) throw new TypeError('no base64');
  return new Uint8Array(Buffer.from(text, 'base64')); // a buffer of its own, not one of Node's pool
}

/**
 * Creates the members `data` and `binary` of a frame, as JSON text without braces.
 *
 * @throws TypeError, and errors of the application's `toJSON`.
 */
export function encodeData(data: unknown): string {
  // A replacer makes JSON.stringify several times as slow.
  return hasBinary(data) ? dataText(data, toBase64) : `"data":${JSON.stringify(data) ?? 'null'}`;
}

/**
 * Returns the data of a client's frame.
 *
 * @throws VeloxError `bad-frame`.
 */
export function decodeData(frame: Carried): unknown {
  return frame.binary ? dataOf(frame, fromBase64) : frame.data;
}

/** Whether there may be bytes in some data. The result of a `toJSON` may have some. */
function hasBinary(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false;
  if (ArrayBuffer.isView(data) || Object.prototype.toString.call(data) === '[object ArrayBuffer]')
    return true;
  if (typeof (data as { toJSON?: unknown }).toJSON === 'function') return !(data instanceof Date);
  for (const key in data) {
    if (Object.hasOwn(data, key) && hasBinary((data as Record<string, unknown>)[key])) return true;
  }
  return false;
}
