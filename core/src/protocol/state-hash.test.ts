import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStateHash } from './state-hash.js';

const hash = (value: unknown): string => createStateHash().of(value) as string;
const parsed = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
/** The same value with other references and another order of keys. */
const shuffled = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(shuffled)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .toReversed()
            .map(([key, member]) => [key, shuffled(member)]),
        )
      : value;

describe('the hash of a state', () => {
  it('is equal for equal values, in any order of keys and after JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(hash(shuffled(value))).toBe(hash(value));
        expect(hash(parsed(value))).toBe(hash(value));
      }),
    );
  });

  it('differs for different values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 1 }), fc.jsonValue({ maxDepth: 1 }), (one, other) => {
        expect(hash(one) === hash(other)).toBe(isDeepStrictEqual(parsed(one), parsed(other)));
      }),
    );
    const values = [
      null, true, false, 0, 1, -1, 0.1, '', '0', '1', 'null', [], {}, [null], [[]], [0], [0, 0], [[0], 0], [0, [0]],
      { a: 1 }, { b: 1 }, { a: '1' }, { a: 1, b: 1 }, { a: { b: 1 } }, { ab: 1 }, ['a', 1], 'ab', 'ba', ['ab'], ['a', 'b'],
      { a: 1, b: 2 }, { a: 2, b: 1 }, 2 ** 53, 2 ** 53 - 1, 1e300, 'ä', 'a\u0308',
    ]; // prettier-ignore
    expect(new Set(values.map(hash)).size).toBe(values.length);
  });

  it('spreads small changes over its 32 bits', () => {
    const hashes = new Set<string>();
    for (let id = 0; id < 100_000; id++) hashes.add(hash({ rows: [{ id, price: id % 7 }], n: 1 }));
    expect(hashes.size).toBeGreaterThan(99_990); // by chance, 1 is expected to be missing
  });

  it('hashes again only the forgotten values', () => {
    const rows = Array.from({ length: 100 }, (_, id) => ({ id, tags: ['a', 'b'] }));
    const { of, forget } = createStateHash();
    const value = { rows };
    const cost = (): number => {
      const budget = { left: 10_000 };
      of(value, budget);
      return 10_000 - budget.left;
    };
    expect(cost()).toBe(1 + 1 + 100 * (1 + 1 + 1 + 2));
    expect(cost()).toBe(0);
    rows[7]!.id = -1;
    for (const container of [rows[7]!, rows, value]) expect(forget(container)).toBe(true);
    expect(forget(value)).toBe(false);
    expect(cost()).toBe(1 + 1 + 1 + 1);
    expect(of(value)).toBe(hash(value));
  });

  it('stops at the end of its budget, and continues at the next call', () => {
    const value = Array.from({ length: 50 }, (_, id) => ({ id, inner: { id } }));
    const { of } = createStateHash();
    const given: (string | undefined)[] = [];
    while (given.at(-1) === undefined && given.length < 100) given.push(of(value, { left: 60 }));
    expect(given.length).toBeGreaterThan(2);
    expect(given.at(-1)).toBe(hash(value));
  });
});
