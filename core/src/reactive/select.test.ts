import { describe, expect, it, vi } from 'vitest';
import { createSelection, createSelector } from './select.js';

const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

describe('a selector', () => {
  it('runs once for each value', () => {
    const select = vi.fn((n: number) => ({ n }));
    const selector = createSelector(select);
    expect(selector(1)).toBe(selector(1));
    expect(selector(NaN)).toBe(selector(NaN));
    expect(select).toHaveBeenCalledTimes(2);
  });

  it('keeps the old result while it is equal', () => {
    const selector = createSelector((n: number) => ({ even: n % 2 === 0 }), sameJson);
    const two = selector(2);
    expect(selector(4)).toBe(two);
    expect(selector(5)).toEqual({ even: false });
    expect(selector(4)).not.toBe(two);
  });

  it('does not compare before the first selection', () => {
    const equal = vi.fn(() => true);
    expect(createSelector((n: number) => n, equal)(1)).toBe(1);
    expect(equal).not.toHaveBeenCalled();
  });

  it('remembers nothing of a run that throws', () => {
    const selector = createSelector((n: number) => {
      if (n === 2) throw new Error('two');
      return { n };
    }, sameJson);
    const one = selector(1);
    expect(() => selector(2)).toThrow('two');
    expect(() => selector(2)).toThrow('two');
    expect(selector(1)).toBe(one);
  });
});

describe('a selection', () => {
  it('runs another selector on the same value, and keeps the old result if that is equal', () => {
    const selection = createSelection<number, { n: number }>();
    const first = selection(1, (n) => ({ n }), sameJson);
    expect(selection(1, (n) => ({ n }), sameJson)).toBe(first);
    expect(selection(1, (n) => ({ n: -n }), sameJson)).toEqual({ n: -1 });
  });
});
