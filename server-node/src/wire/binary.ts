import { dataOf, dataText, type Carried } from '@velox/core/protocol';

/** Base64 with padding (RFC 4648 §4). `Buffer` ignores other characters. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const toBase64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !BASE64.test(text)) throw new TypeError('no base64');
  return new Uint8Array(Buffer.from(text, 'base64')); // a buffer of its own, not one of Node's pool
}

/** Values that JSON loses, by their tag. */
const LOST =
  /^(Weak)?(Map|Set|Ref)$|^(Promise|Error|RegExp|Headers|URLSearchParams|FormData|Blob|File)$|(Iterator|Generator)$/;

/** Receives the kind of a value that JSON loses. */
type OnLost = (kind: string) => void;

/**
 * Creates the members `data` and `binary` of a frame, as JSON text without braces.
 *
 * @param onLost called for values that JSON loses, as far as the search for bytes comes across them
 * @throws TypeError, and errors of the application's `toJSON`.
 */
export function encodeData(data: unknown, onLost?: OnLost): string {
  // A replacer makes JSON.stringify several times as slow.
  return hasBinary(data, onLost) ? dataText(data, toBase64) : `"data":${JSON.stringify(data) ?? 'null'}`;
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
function hasBinary(data: unknown, onLost?: OnLost): boolean {
  if (typeof data !== 'object' || data === null) {
    if (typeof data === 'function' || typeof data === 'symbol') onLost?.(typeof data);
    return false;
  }
  if (ArrayBuffer.isView(data)) return true;
  const tag = Object.prototype.toString.call(data);
  if (tag === '[object ArrayBuffer]') return true;
  if (typeof (data as { toJSON?: unknown }).toJSON === 'function') return !(data instanceof Date);
  if (onLost && tag !== '[object Object]' && tag !== '[object Array]' && LOST.test(tag.slice(8, -1)))
    onLost(tag.slice(8, -1));
  for (const key in data) {
    if (Object.hasOwn(data, key) && hasBinary((data as Record<string, unknown>)[key], onLost)) return true;
  }
  return false;
}
