import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Resting } from './resting.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('asks everything with caches to rest until it does, and then has no timer', () => {
  const resting = new Resting();
  const quick = { rest: vi.fn(() => true) };
  let isUsed = true;
  const slow = { rest: vi.fn(() => !isUsed) };
  resting.add(quick);
  resting.add(slow);
  vi.advanceTimersByTime(20_000);
  expect(quick.rest).toHaveBeenCalledTimes(1);
  expect(slow.rest.mock.calls.length).toBeGreaterThan(1);
  isUsed = false;
  vi.advanceTimersByTime(20_000);
  expect(vi.getTimerCount()).toBe(0);
  resting.add(quick);
  vi.advanceTimersByTime(20_000);
  expect(quick.rest).toHaveBeenCalledTimes(2);
});

it('has no timer after it was closed', () => {
  const resting = new Resting();
  const thing = { rest: vi.fn(() => false) };
  resting.add(thing);
  resting.close();
  vi.advanceTimersByTime(20_000);
  expect(thing.rest).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
