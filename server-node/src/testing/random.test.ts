import { describe, expect, it } from 'vitest';
import { createRandom } from './random.js';

const draw = (seed: number, lane?: number): number[] => {
  const { next } = createRandom(seed, lane);
  return Array.from({ length: 1_000 }, next);
};

describe('random', () => {
  it('is the same for the same seed and lane, and another for any other', () => {
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1, 1)).not.toEqual(draw(1, 2));
  });

  it('is spread evenly, also between neighbouring seeds', () => {
    const mean = (numbers: number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
    expect(mean(draw(7))).toBeCloseTo(0.5, 1);
    expect(mean(Array.from({ length: 1_000 }, (_, seed) => createRandom(seed).next()))).toBeCloseTo(0.5, 1);
  });

  it('draws whole numbers from both ends, and picks from all', () => {
    const { between, pick } = createRandom(3);
    const drawn = Array.from({ length: 200 }, () => between(-1, 2));
    expect([...new Set(drawn)].sort((one, other) => one - other)).toEqual([-1, 0, 1, 2]);
    expect(new Set(Array.from({ length: 200 }, () => pick(['a', 'b'])))).toEqual(new Set(['a', 'b']));
  });
});
