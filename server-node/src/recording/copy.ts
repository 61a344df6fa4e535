import { isInstance, noteInstance } from './instances.js';
import { VeloxError } from '@velox/core/protocol';

/** A key of an object or an index of an array. */
export type Key = string | number;

/** Decides which members a copy leaves out, and which of its parts are noted. */
export interface CopyRules {
  /** Whether a member that begins with `$` is left out. The first one is reported, if its path is given: a JSON pointer. */
  omits(key: string, path?: () => string): boolean;
  /** Called for each object that is copied as an item of an array. */
  onRow?(source: object, copy: object): void;
}

/** Leaves out members that begin with `$`. */
const DEFAULT_RULES: CopyRules = { omits: () => true };
const KEEP_ALL: CopyRules = { omits: () => false };

export interface CopyOptions {
  /** How many containers may nest, default 500. */
  readonly depth?: number;
  /** The target path of the value, as a JSON pointer, for messages. */
  readonly path?: () => string;
  /** The key that the value goes under: `toJSON` gets it. Default ''. */
  readonly key?: Key;
  /** May take an object over as it is, instead of having it copied; `copies` are the containers around it, outermost first. */
  readonly adopt?: (value: object, copies: readonly object[]) => unknown;
  /** Default: members that begin with `$` are left out. */
  readonly rules?: CopyRules;
}

export const DEFAULT_DEPTH = 500;

/**
 * Copies a value as JSON would carry it: JSON.parse(JSON.stringify(value)), except that its rules leave keys out,
 * that what JSON drops in silence (functions, symbols) is an error, and that own `__proto__` keys stay plain data. The copy
 * is a tree of plain objects and arrays: one object in two places becomes two. undefined stays undefined.
 *
 * @throws VeloxError `not-json` (BigInt, function, symbol, cycle; `cause` is a TypeError) or `too-deep`; both name the path.
 */
export function copyIn(value: unknown, options: CopyOptions = {}): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return toNumber(value);
    default:
      return new Copier(options).value(value, options.key ?? '');
  }
}

/** Copies a part of a value that was copied in before. */
export function copyOwn(value: unknown): unknown {
  return copyIn(value, { depth: Infinity, rules: KEEP_ALL });
}

/** Writes an own property; `__proto__` too. */
export function put(target: object, key: Key, value: unknown): void {
  if (key !== '__proto__') (target as Record<Key, unknown>)[key] = value;
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Whether a key begins with `$`: such keys stay on the server by default. */
export function isPrivate(key: string): boolean {
  return key.charCodeAt(0) === 36; // $
}

/** `key` as a segment of a JSON pointer (RFC 6901). */
export function segment(key: Key): string {
  return `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** What JSON.stringify writes instead of an object or a BigInt: the result of its `toJSON`, the primitive inside a wrapper. */
export function unwrap(value: unknown, key: Key): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  const result: unknown = typeof toJSON === 'function' ? toJSON.call(value, String(key)) : value;
  if (result instanceof Number) return Number(result);
  if (result instanceof String || result instanceof Boolean || result instanceof BigInt)
    return result.valueOf();
  return result;
}

/** Whether JSON represents a value unchanged, except for NaN, infinities and -0. */
export function isPrimitive(value: unknown): boolean {
  return (
    value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  );
}

/** Whether a value is a primitive inside a wrapper object, such as `Object(1)`. */
export function isBoxed(value: unknown): value is { valueOf(): unknown } {
  return (
    value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt
  );
}

const EXOTIC =
  /^(Weak)?(Map|Set|Ref)$|^(RegExp|Promise|Error|DataView|Headers|URLSearchParams|FormData|Blob|File)$|(Array|ArrayBuffer|Iterator|Generator)$/;

/** Names a container whose content JSON would lose without a word, such as a Map; undefined for any other. */
export function exotic(source: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(source);
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return undefined;
  const tag = Object.prototype.toString.call(source).slice(8, -1); // also of another realm
  if (!EXOTIC.test(tag) || Array.isArray(source)) return undefined;
  return `${/^[AEIO]/.test(tag) ? 'an' : 'a'} ${tag}`;
}

const REMEDIES: Readonly<Record<string, string>> = {
  'a Map': 'Convert it by Object.fromEntries(map), or use a VMap.',
  'a Set': 'Convert it by [...set].',
  'an Error': 'Convert it to an object with its name and message.',
  'a Headers': 'Convert it by Object.fromEntries(headers).',
  'a URLSearchParams': 'Convert it by Object.fromEntries(params).',
};

/** The error for what JSON cannot carry. */
export function notJson(what: string, path: string): VeloxError {
  const place = path === '' ? 'the root of the value' : path;
  return new VeloxError(
    'not-json',
    `${what} at ${place} cannot be sent as JSON. ${REMEDIES[what] ?? 'Convert it or leave it out.'}`,
    {
      cause: new TypeError(`${what} at ${place} is not JSON`),
    },
  );
}

function toNumber(value: number): number | null {
  return Number.isFinite(value) ? value + 0 : null; // -0 + 0 is 0
}

class Copier {
  readonly #options: CopyOptions;
  readonly #depth: number;
  readonly #rules: CopyRules;
  /** The containers on the way down, their copies, and the keys taken. */
  readonly #sources: object[] = [];
  readonly #copies: object[] = [];
  readonly #keys: Key[] = [];

  constructor(options: CopyOptions) {
    this.#options = options;
    this.#depth = options.depth ?? DEFAULT_DEPTH;
    this.#rules = options.rules ?? DEFAULT_RULES;
  }

  value(value: unknown, key: Key): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
      case 'undefined':
        return value;
      case 'number':
        return toNumber(value);
      case 'object':
        return value === null ? null : this.#object(value, key);
      case 'symbol':
        throw this.#error('a symbol');
      default: {
        const json = unwrap(value, key);
        if (json === value) throw this.#error(typeof value === 'bigint' ? 'a BigInt' : 'a function');
        return this.value(json, key);
      }
    }
  }

  #object(value: object, key: Key): unknown {
    const adopted = this.#options.adopt?.(value, this.#copies);
    if (adopted !== undefined) return adopted;
    const json = unwrap(value, key);
    if (json === value) return this.#container(value);
    if (typeof json === 'object' && json)
      return this.#options.adopt?.(json, this.#copies) ?? this.#container(json, value);
    if (typeof json === 'function') throw this.#error('a function');
    return this.value(json, key);
  }

  /** @param given the object whose `toJSON` returned `source`, or `source` itself */
  #container(source: object, given: object = source): object {
    const level = this.#sources.length;
    if (this.#sources.includes(source)) throw this.#error('a cycle');
    if (level >= this.#depth) {
      throw new VeloxError(
        'too-deep',
        `the value nests too deep at ${this.#path()}. Flatten it, or raise \`depth\`.`,
      );
    }
    const isArray = Array.isArray(source);
    const what = isArray ? undefined : exotic(source);
    if (what) throw this.#error(what);
    // Created with its final length, because a growing array reserves room for more items.
    const copy: object = isArray ? new Array<unknown>(source.length) : {};
    if (!isArray && isInstance(given)) noteInstance(given, copy);
    this.#sources.push(source);
    this.#copies.push(copy);
    if (isArray) this.#items(source, copy as unknown[], level);
    else this.#members(source as Record<string, unknown>, copy, level);
    this.#sources.pop();
    this.#copies.pop();
    this.#keys.length = level;
    return copy;
  }

  #items(source: readonly unknown[], copy: unknown[], level: number): void {
    const rules = this.#rules;
    for (let index = 0; index < copy.length; index++) {
      this.#keys[level] = index;
      const item = source[index];
      const value = this.value(item, index) ?? null; // holes and undefined
      copy[index] = value;
      if (typeof item === 'object' && item && typeof value === 'object' && value) rules.onRow?.(item, value);
    }
  }

  #members(source: Record<string, unknown>, copy: object, level: number): void {
    for (const key of Object.keys(source)) {
      this.#keys[level] = key;
      if (isPrivate(key) && this.#rules.omits(key, () => this.#path())) continue;
      const value = this.value(source[key], key);
      if (value !== undefined) put(copy, key, value);
    }
  }

  #path(): string {
    return (this.#options.path?.() ?? '') + this.#keys.slice(0, this.#sources.length).map(segment).join('');
  }

  #error(what: string): VeloxError {
    return notJson(what, this.#path());
  }
}
