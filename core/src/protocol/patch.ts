import { isContainer, type Container } from './container.js';
import { VeloxError } from './error.js';
import type { Operation } from './frames.js';

/** In memory, a change has immer's form (and fits its type): the path as an array of keys and indices. */
export interface Patch {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: (string | number)[];
  readonly value?: unknown;
}

/**
 * Containers that were copied in this batch and not given out yet: they may be written in place. One set
 * serves all steps that are published together, and is forgotten then.
 */
export type Owned = Set<object>;

type Key = string | number;

/** An operation as a peer may send it, unchecked. */
type Received = { readonly [member in 'op' | 'path' | 'from' | 'value']?: unknown };

/** A member that exists or may be added. `keys` is its path from the holder of the root, with indices as numbers. */
interface Place {
  readonly parent: Container;
  readonly key: Key;
  readonly keys: readonly Key[];
}

/** How many characters of JSON the copies of one patch may have. A copy of a copy doubles with each operation. */
const MOST_COPIED = 1_000_000;

const MALFORMED = /^[^/]|~(?![01])/;
const UNSAFE = /\/(__proto__|constructor|prototype)(?![^/])/;

/**
 * Applies a JSON Patch (RFC 6902, RFC 6901) and returns the new value, which shares every untouched branch with `value`.
 * Only `owned` containers are written, never `value` nor the value of an operation. After an error the owned ones
 * may be half-written: give up the batch that they belong to.
 *
 * @param patches receives the same change for immer's `applyPatches`: a move is a removal and an addition, a copy is an addition, and
 *   `-` is resolved
 * @throws VeloxError `unsafe-key` for `__proto__`, `constructor` or `prototype` in a path, else `bad-patch`, also if copies have more
 *   than a million characters of JSON.
 */
export function apply(
  value: unknown,
  operations: readonly Operation[],
  owned: Owned = new Set(),
  patches?: Patch[],
): unknown {
  const holder: Container = { '': value }; // holds the root, so that it is a member like any other
  let operation: Received;
  let copied = 0;

  const refuse = (code: 'bad-patch' | 'unsafe-key' = 'bad-patch'): never => {
    const what = JSON.stringify(operation, ['op', 'from', 'path']); // without the value
    throw new VeloxError(code, `cannot apply ${what}. Ask for a snapshot.`);
  };

  const locate = (pointer: unknown, writing = true, adding = false): Place => {
    if (typeof pointer !== 'string' || MALFORMED.test(pointer)) return refuse();
    if (UNSAFE.test(pointer)) return refuse('unsafe-key');
    const keys: Key[] = pointer.split('/');
    let parent = holder;
    let key = keys[0] as Key;
    for (let depth = 1; depth < keys.length; depth++) {
      let child = parent[key];
      if (!isContainer(child) || !Object.hasOwn(parent, key)) return refuse();
      if (writing && !owned.has(child)) owned.add((child = parent[key] = copy(child)));
      parent = child as Container;
      const part = keys[depth] as string;
      keys[depth] = key = Array.isArray(parent) ? index(part, parent.length) : unescape(part);
    }
    return (adding && key !== -1) || Object.hasOwn(parent, key) ? { parent, key, keys } : refuse();
  };

  const read = (pointer: unknown): unknown => {
    const { parent, key } = locate(pointer, false);
    return parent[key];
  };

  const take = (pointer: unknown): unknown => {
    const { parent, key, keys } = locate(pointer);
    if (parent === holder) refuse();
    const value = parent[key];
    patches?.push({ op: 'remove', path: keys.slice(1) });
    if (Array.isArray(parent)) parent.splice(key as number, 1);
    else delete parent[key];
    return value;
  };

  const put = (pointer: unknown, value: unknown, adding = true): void => {
    disown(value, owned); // first, for the place may be inside of it
    const { parent, key, keys } = locate(pointer, true, adding);
    const inserting = adding && Array.isArray(parent);
    const op = inserting || !Object.hasOwn(parent, key) ? 'add' : 'replace';
    patches?.push({ op, path: keys.slice(1), value });
    if (inserting) parent.splice(key as number, 0, value);
    else parent[key] = value;
  };

  for (operation of operations) {
    const { op, path, from, value } = operation ?? {};
    if (op === 'remove') take(path);
    else if (op === 'copy') {
      const original = read(from);
      copied += JSON.stringify(original).length;
      if (copied > MOST_COPIED) refuse();
      put(path, original);
    } else if (op === 'move') {
      if (path === from) read(from);
      else if (String(path).startsWith(`${String(from)}/`)) refuse();
      else put(path, take(from));
    } else if (value === undefined) refuse();
    else if (op === 'add' || op === 'replace') put(path, value, op === 'add');
    else if (op !== 'test' || !equal(read(path), value)) refuse();
  }
  return holder[''];
}

/** The index of an element or of the place behind the last one; -1 for all that is none. */
function index(part: string, length: number): number {
  if (part === '-') return length;
  const at = Number(part) >>> 0;
  return String(at) === part && at <= length ? at : -1;
}

function unescape(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Gives up the right to write `value` and all in it, because it now stands in a second place or was handed out. */
function disown(value: unknown, owned: Owned): void {
  if (!isContainer(value) || !owned.delete(value)) return;
  for (const child of Object.values(value)) disown(child, owned);
}

/**
 * V8 spreads small objects fastest. Wide ones it copies up to five times faster into an object that is a dictionary from
 * the start, as those without a prototype are. Both copy an own `__proto__` as a key.
 */
function copy(container: Container): Container {
  if (Array.isArray(container)) return container.slice() as unknown as Container;
  const keys = Object.keys(container);
  if (keys.length < 128) return { ...container };
  const wide = Object.create(null) as Container;
  for (const key of keys) wide[key] = container[key];
  return Object.setPrototypeOf(wide, Object.prototype) as Container;
}

function equal(a: unknown, b: unknown): boolean {
  if (!isContainer(a) || !isContainer(b)) return a === b;
  const keys = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
  );
}
