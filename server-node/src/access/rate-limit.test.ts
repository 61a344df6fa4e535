import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RateLimit } from './rate-limit.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('lets two seconds’ worth through at once, then as many as time allows, and saves up no more than that', () => {
  const rate = new RateLimit(10);
  const burst = (): number => {
    let passed = 0;
    while (rate.take()) passed++;
    return passed;
  };
  expect(burst()).toBe(20);
  vi.advanceTimersByTime(500);
  expect(burst()).toBe(5);
  vi.advanceTimersByTime(60_000);
  expect(burst()).toBe(20);
  for (let second = 0; second < 5; second++) {
    for (let tenth = 0; tenth < 10; tenth++) {
      vi.advanceTimersByTime(100);
      expect(rate.take()).toBe(true);
    }
  }
});

it('lets work lead into debt, and says how long it takes to pay', () => {
  const rate = new RateLimit(10);
  rate.charge(15);
  expect(rate.debt).toBe(0);
  rate.charge(15);
  expect(rate.debt).toBe(1_100); // ten tokens, and one for the next frame
  vi.advanceTimersByTime(1_100);
  expect(rate.debt).toBe(0);
  expect(rate.take()).toBe(true);
  expect(rate.take()).toBe(false);
});

it('lets a sender in debt wait for each frame until it has saved up two seconds’ worth again', async () => {
  const rate = new RateLimit(10);
  rate.charge(20);
  expect(rate.debt).toBe(100);
  for (let frame = 0; frame < 20; frame++) {
    const paid = rate.whenPaid();
    await vi.advanceTimersByTimeAsync(100);
    await paid;
    expect([rate.whenPaid(), rate.take(), rate.debt]).toEqual([undefined, true, 100]);
  }
  vi.advanceTimersByTime(1_999);
  expect([rate.debt, rate.take(), rate.take()]).toEqual([0, true, true]);
  vi.advanceTimersByTime(2_000);
  expect(rate.debt).toBe(0);
  while (rate.take());
  expect(rate.debt).toBe(0); // without a charge, a flood is no debt
});
