import { describe, expect, it } from 'vitest';
import { faults } from './faults.js';

describe('faults', () => {
  it('are the same for the same seed, in the order of time', () => {
    expect(faults(1)).toEqual(faults(1));
    expect(faults(1)).not.toEqual(faults(2));
    const times = faults(3, { count: 50 }).map(({ at }) => at);
    expect(times).toEqual([...times].sort((one, other) => one - other));
  });

  it('are of every kind, for every client, and within the time', () => {
    const drawn = faults(4, { count: 500, clients: 3, duration: 1_000 });
    expect(new Set(drawn.map(({ harm }) => harm)).size).toBe(9);
    expect(new Set(drawn.map(({ client }) => client))).toEqual(new Set([0, 1, 2]));
    expect(drawn.every(({ at }) => at >= 0 && at <= 1_000)).toBe(true);
  });
});
