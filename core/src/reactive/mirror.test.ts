import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMirror } from './mirror.js';

interface Row {
  id?: number;
  n: number;
}
const rows = (...ids: number[]): Row[] => ids.map((id) => ({ id, n: 0 }));

describe('a mirror', () => {
  it('keeps its object and rows and copies new values in', () => {
    const fit = createMirror();
    const value = { title: 'a', rows: rows(1, 2) };
    const target: Partial<typeof value> = { rows: [] };
    const { rows: list } = target;
    expect(fit(target, value)).toBe(target);
    expect(target).toEqual(value);
    expect(target.rows).toBe(list);
    expect(target.rows?.[0]).not.toBe(value.rows[0]);
  });

  it.each([
    ['moved', [3, 1, 2]],
    ['put in between', [1, 9, 2, 3]],
    ['taken out', [1, 3]],
    ['all of it', [9, 3, 2]],
  ])('finds rows that are the same reference: %s', (_, order) => {
    const fit = createMirror({ key: 'none' });
    const first = rows(1, 2, 3);
    const target = fit([], first);
    const copies = new Map(target.map((row) => [row.id, row]));
    const byId = new Map(first.map((row) => [row.id, row]));
    fit(
      target,
      order.map((id) => byId.get(id) ?? { id, n: 0 }),
    );
    expect(target.map(({ id }) => id)).toEqual(order);
    target.forEach((row) => {
      if (row.id !== 9) expect(row).toBe(copies.get(row.id));
    });
  });

  it('finds rows of a snapshot by key', () => {
    const fit = createMirror();
    const target = fit([], rows(1, 2, 3));
    const [one, two, three] = target;
    fit(target, [
      { id: 3, n: 7 },
      { id: 4, n: 0 },
      { id: 1, n: 0 },
    ]);
    expect(target).toEqual([
      { id: 3, n: 7 },
      { id: 4, n: 0 },
      { id: 1, n: 0 },
    ]);
    expect(target[0]).toBe(three);
    expect(target[1]).not.toBe(two);
    expect(target[2]).toBe(one);
  });

  it('finds a row without a key by its place after the last one that is the same', () => {
    const fit = createMirror();
    const first: Row[] = [{ n: 1 }, { n: 2 }, { n: 3 }];
    const target = fit([] as Row[], first);
    const [, , last] = target;
    fit(target, [{ n: 0 }, first[0], first[1], { n: 4 }]);
    expect(target).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 4 }]);
    expect(target[3]).toBe(last);
  });

  it('keeps $ members of the application and ignores those of a value', () => {
    const fit = createMirror();
    const target = { $$hashKey: 'object:1', gone: 1 };
    fit(target, { a: 1, $b: 2 });
    expect(target).toEqual({ $$hashKey: 'object:1', a: 1 });
  });

  it('keeps changes of the application until the server changes the same object', () => {
    const fit = createMirror();
    const value = { a: { n: 1 }, b: { n: 1 } };
    const target = fit({}, value);
    target.a.n = 5;
    fit(target, { ...value, b: { n: 2 } });
    expect(target).toEqual({ a: { n: 5 }, b: { n: 2 } });
    fit(target, { a: { n: 3 }, b: { n: 2 } });
    expect(target.a.n).toBe(3);
  });

  it('goes back to a value that it has had', () => {
    const fit = createMirror();
    const [one, two] = [{ a: { n: 1 } }, { a: { n: 2 } }];
    const target = fit({}, one);
    fit(target, two);
    fit(target, one);
    expect(target).toEqual(one);
  });

  it('returns another object if the kind of the value changes', () => {
    const fit = createMirror();
    const target = {};
    expect(fit(target, [1])).toEqual([1]);
    expect(fit(target, null)).toBe(null);
    expect(fit(fit({}, { a: [1] }), { a: { b: 1 } })).toEqual({ a: { b: 1 } });
  });

  it('creates __proto__ as a plain member and changes no prototype', () => {
    const value = JSON.parse('{"__proto__": {"polluted": 1}, "a": {"constructor": {"b": 2}}}') as object;
    const target = createMirror()({}, value);
    expect(Object.keys(target)).toEqual(['__proto__', 'a']);
    expect(JSON.stringify(target)).toBe(JSON.stringify(value));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('is equal to each of any values, in whatever order they come', () => {
    const value = fc.letrec<{ any: unknown; row: unknown }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, 1, 'x'),
        fc.array(tie('row'), { maxLength: 5 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'id', '__proto__'), tie('any'), { maxKeys: 3 }),
      ),
      row: fc.oneof(tie('any'), fc.record({ id: fc.nat(3), n: tie('any') })),
    })).any;
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 4 }),
        fc.array(fc.nat(3), { maxLength: 8 }),
        (values, order) => {
          const fit = createMirror();
          let target: unknown;
          for (const index of order) {
            const next = values[index] ?? null;
            target = fit(target, next);
            expect(JSON.stringify(sorted(target))).toBe(JSON.stringify(sorted(next)));
          }
        },
      ),
      { numRuns: Number(process.env.VELOX_RUNS ?? 300) },
    );
  });
});

/** The same with members in the order of their names, which a mirror does not keep. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}
