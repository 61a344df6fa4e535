import { expect, it } from 'vitest';
import { Restarts } from './restarts.js';

it('a process that ends at its start is started again after growing pauses, and the eighth time no more', () => {
  const restarts = new Restarts();
  expect(Array.from({ length: 9 }, () => restarts.next(100))).toEqual([
    ...[500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000],
    undefined,
    undefined,
  ]);
});

it('a process that has lived for 10 s is started again after 0.5 s, however often that happened before', () => {
  const restarts = new Restarts();
  for (let n = 0; n < 7; n++) restarts.next(100);
  for (let n = 0; n < 20; n++) expect(restarts.next(10_000)).toBe(500);
  expect(restarts.next(100)).toBe(500);
  expect(restarts.next(100)).toBe(1_000);
});
