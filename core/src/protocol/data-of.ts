import { type Container } from './container.js';
import type { Carried } from './data-text.js';
import { VeloxError } from './error.js';

/**
 * Returns the data of a frame with its bytes put in place.
 *
 * @throws VeloxError `bad-frame`.
 */
export function dataOf(
  { data, binary = [] }: Carried,
  fromBase64: (text: string) => Uint8Array = decodeBase64,
): unknown {
  const root: Container = { '': data };
  try {
    for (const [path, base64, isBuffer] of binary) {
      const keys = path.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
      const last = keys.pop()!;
      let holder = root;
      for (const key of keys) holder = Object.hasOwn(holder, key) ? (holder[key] as Container) : {};
      // Only a null of the data is replaced, so no member is added, and none twice.
      if (!Object.hasOwn(holder, last) || holder[last] !== null) throw new TypeError(path);
      const bytes = fromBase64(base64);
      holder[last] = isBuffer ? bytes.buffer : bytes;
    }
  } catch (cause) {
    throw new VeloxError('bad-frame', 'the peer sent binary data that does not fit.', { cause });
  }
  return root[''];
}

function decodeBase64(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  // `Uint8Array.from` with a function takes 16 times as long.
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
