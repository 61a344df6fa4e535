import { describe, expect, it } from 'vitest';
import { checkedCompare, compareVersions } from './compare-versions.js';

describe('versions of rows', () => {
  it.each([
    [9, 10],
    ['9', '10'],
    ['9007199254740992', '9007199254740993'],
    ['0009', '10'],
    ['2026-01-09', '2026-01-10'],
    ['a', 'b'],
  ])('that follow each other are compared by value, or as texts: %j is older than %j', (older, newer) => {
    expect(compareVersions(older, newer)).toBe(-1);
    expect(compareVersions(newer, older)).toBe(1);
    expect(compareVersions(newer, newer)).toBe(0);
  });

  it('that differ in type are refused', () => {
    expect(() => compareVersions(1, '2')).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it.each([NaN, undefined, '1', 1n, Promise.resolve(1)])(
    'are not compared by a function that returns %s',
    (order) => {
      const compare = checkedCompare(() => order as number, 'items');
      expect(() => compare(1, 2)).toThrow(expect.objectContaining({ code: 'bad-option' }));
    },
  );
});
