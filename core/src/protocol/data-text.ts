import { isContainer, type Container } from './container.js';

/**
 * Bytes in the data of a frame: a JSON Pointer to the null that stands for them, and base64 (RFC 4648 §4). With `true` they are an
 * ArrayBuffer, else a Uint8Array.
 */
export type BinaryPart = readonly [path: string, base64: string, isBuffer?: true];

/** The members of a frame that carry application data. */
export interface Carried {
  readonly data?: unknown;
  readonly binary?: readonly BinaryPart[];
}

/**
 * Creates the members `data` and `binary` of a frame, as JSON text without braces. Uint8Array and ArrayBuffer may be anywhere in the data.
 *
 * @throws TypeError for what JSON does not have, and for other views of an ArrayBuffer.
 */
export function dataText(data: unknown, toBase64: (bytes: Uint8Array) => string = encodeBase64): string {
  const parts: BinaryPart[] = [];
  const paths = new Map<unknown, string>();
  const json = JSON.stringify(data, function (this: Container, key: string, value: unknown) {
    const own = this[key]; // a Buffer has a toJSON of its own
    const above = paths.get(this);
    const path = above === undefined ? '' : `${above}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    // The names of the two classes that data may hold are the same in every realm.
    const name = (own as { readonly [Symbol.toStringTag]?: string } | null | undefined)?.[Symbol.toStringTag];
    const isBuffer = name === 'ArrayBuffer';
    if (isBuffer || name === 'Uint8Array') {
      const base64 = toBase64(new Uint8Array(own as ArrayBuffer));
      parts.push(isBuffer ? [path, base64, true] : [path, base64]);
      return null;
    }
    if (ArrayBuffer.isView(own)) throw new TypeError(`${name} is no Uint8Array`);
    if (isContainer(value)) paths.set(value, path);
    return value;
  });
  return `"data":${json ?? null}${parts.length ? `,"binary":${JSON.stringify(parts)}` : ''}`;
}

function encodeBase64(bytes: Uint8Array): string {
  /** So many bytes become characters by one call: more arguments might overflow the stack. Three bytes are four characters. */
  const CHUNK = 12_288;
  if (!bytes.length) return '';
  return btoa(String.fromCharCode(...bytes.subarray(0, CHUNK))) + encodeBase64(bytes.subarray(CHUNK));
}
