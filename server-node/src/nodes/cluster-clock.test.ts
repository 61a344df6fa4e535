import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ClusterClock } from './cluster-clock.js';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

it('follows the faster clock of another node, and ignores a slower one', () => {
  const clock = new ClusterClock();
  expect(clock.now()).toBe(1_000_000);
  clock.hear(1_000_500);
  expect(clock.now()).toBe(1_000_500);
  clock.hear(999_000);
  vi.advanceTimersByTime(10);
  expect(clock.now()).toBe(1_000_510);
});

it('does not go back when the clock of the machine is set back', () => {
  const clock = new ClusterClock();
  vi.setSystemTime(5);
  vi.advanceTimersByTime(10);
  expect(clock.now()).toBe(1_000_010);
});

it.each([NaN, undefined, 'soon', Infinity, 1e15])('ignores the time %s of a broken message', (at) => {
  const clock = new ClusterClock();
  clock.hear(at);
  expect(clock.now()).toBe(1_000_000);
});
