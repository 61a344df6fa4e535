import { describe, expect, it } from 'vitest';
import { advance, type Document } from './document.js';
import { share } from './share.js';
import { isVeloxError } from './error.js';
import { apply, type Patch } from './patch.js';
import type { StateFrame } from './frames.js';

const held: Document = Object.freeze({ id: 'x', version: 5, value: Object.freeze({ n: 5 }) });
const steps = { apply, share };
const body = [{ op: 'replace', path: '/n', value: 9 }] as const;

describe('advance from version 5 of x', () => {
  it.each<[string, StateFrame, Document]>([
    ['a snapshot', { id: 'x', version: 8, body: [1] }, { id: 'x', version: 8, value: [1] }],
    ['a snapshot of null', { id: 'x', version: 8, body: null }, { id: 'x', version: 8, value: null }],
    ['a snapshot of another life', { id: 'y', version: 1, body: 0 }, { id: 'y', version: 1, value: 0 }],
    ['the next delta', { version: 6, delta: true, body }, { id: 'x', version: 6, value: { n: 9 } }],
    [
      'a delta that names x',
      { id: 'x', version: 6, delta: true, body },
      { id: 'x', version: 6, value: { n: 9 } },
    ],
    [
      'a delta of many versions',
      { version: 9, from: 5, delta: true, body },
      { id: 'x', version: 9, value: { n: 9 } },
    ],
  ])('%s is taken', (_name, frame, expected) => {
    expect(advance(held, frame, steps)).toEqual(expected);
    expect(held.value).toEqual({ n: 5 });
  });

  it.each<[string, StateFrame]>([
    ['a delta', { version: 1, delta: true, body }],
    ['a position', { version: 1 } as StateFrame],
  ])('%s without an id is a gap for a client that has nothing', (_name, frame) => {
    expect(advance(undefined, frame, steps)).toBe('gap');
  });

  it.each<[string, StateFrame]>([
    ['a snapshot of the same version', { id: 'x', version: 5, body: 1 }],
    ['a snapshot of an earlier version', { id: 'x', version: 4, body: 1 }],
    ['a delta to the same version', { version: 5, delta: true, body }],
    ['a delta to an earlier version', { version: 3, from: 1, delta: true, body }],
    ['its own position', { id: 'x', version: 5 }],
    ['an earlier position', { id: 'x', version: 4 }],
  ])('%s changes nothing', (_name, frame) => {
    expect(advance(held, frame, steps)).toBe(held);
  });

  it.each<[string, StateFrame]>([
    ['a delta that comes too early', { version: 7, delta: true, body }],
    ['a delta from a later version', { version: 9, from: 6, delta: true, body }],
    ['a delta from an earlier version to a later one', { version: 6, from: 4, delta: true, body }],
    ['a delta of another life', { id: 'y', version: 6, delta: true, body }],
    ['an old delta of another life', { id: 'y', version: 2, delta: true, body }],
    ['a later position', { id: 'x', version: 6 }],
    ['a position of another life', { id: 'y', version: 5 }],
  ])('%s is a gap', (_name, frame) => {
    expect(advance(held, frame, steps)).toBe('gap');
  });

  it('a delta that joins on but does not fit is an error', () => {
    const misfit = { version: 6, delta: true, body: [{ op: 'remove', path: '/gone' }] } as const;
    let caught: unknown;
    try {
      advance(held, misfit, steps);
    } catch (error) {
      caught = error;
    }
    expect(isVeloxError(caught, 'bad-patch')).toBe(true);
  });
});

describe('advance from nothing', () => {
  it('takes a snapshot', () => {
    expect(advance(undefined, { id: 'x', version: 1, body: {} })).toEqual({ id: 'x', version: 1, value: {} });
  });

  it.each<[string, StateFrame]>([
    ['a delta', { id: 'x', version: 2, delta: true, body }],
    ['a position', { id: 'x', version: 2 }],
  ])('%s is a gap', (_name, frame) => {
    expect(advance(undefined, frame)).toBe('gap');
  });
});

it('a batch copies once, does not change the published value, and returns its patches', () => {
  const owned = new Set<object>();
  const patches: Patch[] = [];
  const first = advance(held, { version: 6, delta: true, body }, steps, owned, patches) as Document;
  const later = [{ op: 'add', path: '/m', value: 1 }] as const;
  const second = advance(first, { version: 7, delta: true, body: later }, steps, owned, patches) as Document;
  expect(second.value).toBe(first.value);
  expect(second.value).toEqual({ n: 9, m: 1 });
  expect(held.value).toEqual({ n: 5 });
  advance(second, { id: 'y', version: 1, body: 0 }, steps, owned, patches);
  expect(patches).toEqual([
    { op: 'replace', path: ['n'], value: 9 },
    { op: 'add', path: ['m'], value: 1 },
    { op: 'replace', path: [], value: 0 },
  ]);
});

it('a delta is a gap without the code that applies it, and a snapshot is taken as it is', () => {
  expect(advance(held, { version: 6, delta: true, body })).toBe('gap');
  expect(advance(held, { id: 'x', version: 6, body: { n: 5 } })).toEqual({ ...held, version: 6 });
});

describe('a snapshot of the same epoch', () => {
  const value = { user: { name: 'ann' }, rows: [{ n: 1 }, { n: 2 }], n: 0 };
  const before: Document = { id: 'x', version: 1, value };
  const parse = (body: unknown): unknown => JSON.parse(JSON.stringify(body));
  const snapshot = (id: string, body: unknown): Document =>
    advance(before, { id, version: 2, body: parse(body) }, steps) as Document;

  it('keeps the reference of each part that is equal', () => {
    const next = snapshot('x', { ...value, rows: [{ n: 1 }, { n: 3 }, null], n: 1 }).value as typeof value;
    expect(next).toEqual({ user: { name: 'ann' }, rows: [{ n: 1 }, { n: 3 }, null], n: 1 });
    expect([next.user === value.user, next.rows[0] === value.rows[0]]).toEqual([true, true]);
    expect(value.rows).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('keeps the value itself if all of it is equal', () => {
    expect(snapshot('x', value)).toEqual({ id: 'x', version: 2, value });
    expect(snapshot('x', value).value).toBe(value);
  });

  it.each<[string, unknown]>([
    ['fewer members', { user: value.user, rows: value.rows }],
    ['a list in place of an object', { ...value, user: [] }],
    ['members of other names', { ...value, user: { toString: 'ann' } }],
    ['an own __proto__', JSON.parse('{"user":{"__proto__":{"name":"ann"}}}')],
  ])('with %s is taken as it is', (_, body) => {
    expect(JSON.stringify(snapshot('x', body).value)).toBe(JSON.stringify(body));
  });

  it('shares nothing with a snapshot of another epoch', () => {
    expect((snapshot('y', value).value as typeof value).user).not.toBe(value.user);
  });
});
