import { expect, it } from 'vitest';
import { endlessStrategy } from './endless-strategy.js';

it.each([
  ['none', undefined, 3],
  ['false', false, 3],
  ['one that gives up', () => null, 3],
  ['one that gives up with an error', () => new Error('too many attempts'), 3],
  ['one that has given up for hours', () => null, 10_000],
])(
  'a subscriber of Redis never stops connecting if the strategy of the application is %s',
  (_, given, attempts) => {
    const delay = endlessStrategy(given)(attempts);
    expect(delay).toBeGreaterThan(0);
    expect(delay).toBeLessThan(2_500);
  },
);

it('a subscriber of Redis keeps the delays that the application gives', () => {
  const strategy = endlessStrategy((attempts: number) => (attempts > 2 ? null : 10 * attempts));
  expect([1, 2].map((attempts) => strategy(attempts))).toEqual([10, 20]);
  expect(strategy(3)).toBeGreaterThanOrEqual(400);
  expect(endlessStrategy(7)(100)).toBe(7);
});
