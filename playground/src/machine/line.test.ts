import { describe, expect, it } from 'vitest';
import { areaPath, linePath, scaleFor } from './line.js';

describe('linePath', () => {
  it('puts the newest value at the right edge', () => {
    expect(linePath([0, 50, 100], 5, 100)).toBe('M2,100L3,50L4,0');
  });

  it('cuts values above the scale and accepts a scale of zero', () => {
    expect(linePath([0, 300], 2, 100)).toBe('M0,100L1,0');
    expect(linePath([0, 0], 2, 0)).toBe('M0,100L1,100');
  });

  it('draws nothing for less than two values', () => {
    expect(linePath([], 5, 100)).toBe('');
    expect(areaPath([1], 5, 100)).toBe('');
  });
});

it('closes an area along the bottom', () => {
  expect(areaPath([0, 100], 3, 100)).toBe('M1,100L2,0L2,100L1,100Z');
});

it.each([
  [0, 1000, 1000],
  [1001, 1000, 2000],
  [4100, 1000, 5000],
  [70_000, 1000, 100_000],
])('scales %d (at least %d) to %d', (largest, least, scale) => {
  expect(scaleFor(largest, least)).toBe(scale);
});
