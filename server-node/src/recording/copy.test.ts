import { isVeloxError } from '@velox/core/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, json, numRuns, timeout, value } from '../../test/rig/documents.js';
import { copyIn } from './copy.js';

const failure = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  return expect.fail('it should have thrown');
};

describe('copyIn', () => {
  it('copies as JSON would', { timeout }, () => {
    const property = fc.property(value, (given) => {
      expect(canonical(copyIn(given) ?? null)).toBe(canonical(json(given) ?? null));
    });
    fc.assert(property, { numRuns });
  });

  it('leaves the given value unchanged and shares no object with it', () => {
    const shared = Object.freeze({ a: 1 });
    const given = Object.freeze({ left: shared, right: shared });
    const copy = copyIn(given) as typeof given;
    expect(copy).toEqual(given);
    expect(copy.left).not.toBe(shared);
    expect(copy.left).not.toBe(copy.right);
  });

  it('gives toJSON the key, and calls it once', () => {
    const asked: unknown[] = [];
    const spy = { toJSON: (key: unknown) => (asked.push(key), key) };
    expect(copyIn({ a: [spy], b: spy }, { key: 'root' })).toEqual({ a: ['0'], b: 'b' });
    expect(copyIn(spy, { key: 7 })).toBe('7');
    expect(asked).toEqual(['0', 'b', '7']);
  });

  it('keeps an own __proto__ as plain data', () => {
    const copy = copyIn(JSON.parse('{"__proto__":{"polluted":true}}')) as object;
    expect(Object.keys(copy)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect('polluted' in copy).toBe(false);
  });

  it.each([1, 4])('takes a list whose length becomes %d while it is copied as JSON does', (length) => {
    const make = (): unknown[] => [{ toJSON: () => ((list.length = length), 1) }, 2, 3];
    let list = make();
    const expected: unknown = JSON.parse(JSON.stringify(list));
    list = make();
    expect(copyIn(list)).toEqual(expected);
  });

  it('drops keys beginning with $ at any depth', () => {
    expect(copyIn({ $a: 1, b: { $$c: 2, d$: 3 } })).toEqual({ b: { d$: 3 } });
  });

  it('takes numbers and wrappers as JSON does', () => {
    const copy = copyIn([-0, NaN, -Infinity, Object(-0), Object('x'), Object(false), undefined]);
    expect(copy).toEqual([0, null, null, 0, 'x', false, null]);
    expect(Object.is((copy as number[])[0], 0)).toBe(true);
  });

  it.each([
    ['a BigInt', 1n],
    ['a BigInt', Object(1n)],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
  ])('refuses %s, and names the path', (what, bad) => {
    const error = failure(() => copyIn({ 'a/b': [0, { '~': bad }] }, { path: () => '/here' }));
    expect(isVeloxError(error, 'not-json')).toBe(true);
    expect((error as Error).message).toContain(`${what} at /here/a~1b/1/~0 `);
    expect((error as Error).cause).toBeInstanceOf(TypeError);
  });

  it('refuses a cycle, and names the path', () => {
    const ring: { a: { b: unknown[] } } = { a: { b: [] } };
    ring.a.b.push(ring.a);
    expect((failure(() => copyIn(ring)) as Error).message).toContain('a cycle at /a/b/0 ');
    expect((failure(() => copyIn(ring.a)) as Error).message).toContain('a cycle at /b/0 ');
  });

  it('takes as many levels as it may, and no more', () => {
    const nest = (levels: number): unknown => {
      let value: unknown[] = [];
      for (let level = 1; level < levels; level++) value = [value];
      return value;
    };
    expect(copyIn(nest(500))).toEqual(nest(500));
    const error = failure(() => copyIn(nest(501)));
    expect(isVeloxError(error, 'too-deep')).toBe(true);
    expect((error as Error).message).toContain(' /0/0/');
    expect(
      isVeloxError(
        failure(() => copyIn(nest(100_000))),
        'too-deep',
      ),
    ).toBe(true);
    expect(copyIn([[1]], { depth: 2 })).toEqual([[1]]);
    expect(
      isVeloxError(
        failure(() => copyIn([[1]], { depth: 1 })),
        'too-deep',
      ),
    ).toBe(true);
  });
});
