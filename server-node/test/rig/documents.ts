/** Values of all kinds, and what JSON and RFC 6902 make of them: the ground that the recorder is tested on. */
import fc from 'fast-check';
import { expect } from 'vitest';

/** How many runs a property gets: 500, or the number that a proof sets. */
export const numRuns: number = Number(process.env.VELOX_RUNS ?? 500);

/** What vitest allows a property of so many runs. */
export const timeout: number = 60_000 + numRuns * 20;

export type Container = Record<string, unknown> | unknown[];

export function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

/** The JSON form of a value; undefined if JSON omits it. */
export function json(value: unknown): unknown {
  const text = JSON.stringify(value, (key, inner: unknown) => (key.startsWith('$') ? undefined : inner));
  return text === undefined ? undefined : JSON.parse(text);
}

/** A text that is the same for equal JSON values in every order of their keys. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`).join()}}`;
}

/** Sets an own property, `__proto__` too. */
export function own(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

/** RFC 6902 as it is written, in place, for the four operations that are sent; each path must lead to what is there. */
export function patched(document: unknown, patch: string): unknown {
  const holder: Container = { '': document };
  const find = (pointer: string): [parent: Container, key: string] => {
    const keys = pointer.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    expect(keys.filter((key) => ['__proto__', 'constructor', 'prototype'].includes(key))).toEqual([]);
    const last = keys.pop() as string;
    const parent = keys.reduce<unknown>((at, key) => {
      expect(Object.hasOwn(at as object, key)).toBe(true);
      return (at as Record<string, unknown>)[key];
    }, holder);
    return [parent as Container, last];
  };
  const remove = (pointer: string): unknown => {
    const [parent, key] = find(pointer);
    expect(Object.hasOwn(parent, key)).toBe(true);
    const old = (parent as Record<string, unknown>)[key];
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
    return old;
  };
  const add = (pointer: string, value: unknown): void => {
    const [parent, key] = find(pointer);
    if (!Array.isArray(parent)) return own(parent, key, value);
    expect(Number(key)).toBeLessThanOrEqual(parent.length);
    parent.splice(Number(key), 0, value);
  };
  const apply: Record<string, (operation: { path: string; from: string; value: unknown }) => void> = {
    add: ({ path, value }) => add(path, value),
    remove: ({ path }) => remove(path),
    move: ({ path, from }) => add(path, remove(from)),
    replace({ path, value }) {
      const [parent, key] = find(path);
      expect(Object.hasOwn(parent, key)).toBe(true);
      own(parent, key, value);
    },
  };
  for (const operation of JSON.parse(patch)) {
    const run = apply[operation.op];
    expect(run).toBeDefined();
    run?.(operation);
  }
  return holder[''];
}

const leaf = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom('', 'a', 'é', '"\\\n', '\ud800', '\u2028'),
  fc.constantFrom(true, false, null, undefined, NaN, -0, 1e21, Infinity),
  fc.constantFrom(new Date(0), { toJSON: () => ({ a: [-0] }) }, Object('boxed') as object),
);

/** Keys that are hard on paths, patches or objects. */
export const key: fc.Arbitrary<string> = fc.constantFrom(
  ...['a', 'b', 'c', 'id', '', '/', '~', '~1', '"', '0', '1', '01', '-', 'length', '$x', '\ud800', '😀'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'],
);

/** Makes values long, because replacing a short value whole is nearly always shorter than any edit. */
const fill = '-'.repeat(120);

const tree = fc.letrec<{ value: unknown; object: object; list: unknown[]; rows: object[] }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, leaf, tie('object'), tie('list'), tie('rows')),
  object: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => {
    const object = entries.length % 2 ? { fill } : {};
    for (const [name, value] of entries) own(object, name, value);
    return object;
  }),
  // eslint-disable-next-line no-sparse-arrays
  list: fc.oneof(fc.array(tie('value'), { maxLength: 5 }), fc.constant<unknown[]>([1, , 3])),
  rows: fc.array(fc.record({ id: fc.nat(9), n: tie('value'), fill: fc.constant(fill) }), { maxLength: 6 }),
}));

/** Anything that has a JSON form, and undefined. */
export const value: fc.Arbitrary<unknown> = tree.value;

/** Something to begin with, mostly with something in it. */
export const document: fc.Arbitrary<unknown> = fc.oneof(tree.object, tree.list, tree.rows, tree.value);
