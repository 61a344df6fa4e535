import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Addresses } from './addresses.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('an address opens five seconds’ worth together, then as many as its rate allows', () => {
  const addresses = new Addresses({ opensPerAddress: 2, sessionsPerAddress: Infinity });
  const opened = (address: string): number => {
    let count = 0;
    while (addresses.open(address) === undefined) count++;
    return count;
  };
  expect(opened('a')).toBe(10);
  expect(opened('b')).toBe(10); // another address has its own
  vi.advanceTimersByTime(1_000);
  expect(opened('a')).toBe(2);
  const retry = addresses.open('a') as number;
  expect(retry).toBeGreaterThanOrEqual(1_000);
  expect(retry).toBeLessThanOrEqual(5_000);
});

it('addresses that have been quiet are forgotten', () => {
  const addresses = new Addresses({ opensPerAddress: 1, sessionsPerAddress: Infinity });
  for (let n = 0; n < 1_000; n++) addresses.open(`early ${n}`);
  vi.advanceTimersByTime(4_000);
  addresses.open('busy');
  vi.advanceTimersByTime(1_000);
  for (let n = 0; n < 1_000; n++) addresses.open(`late ${n}`);
  expect(addresses.size).toBeLessThan(1_010);
});

it('sessions are counted in and out', () => {
  const addresses = new Addresses({ opensPerAddress: Infinity, sessionsPerAddress: 2 });
  for (let n = 0; n < 2; n++) addresses.enter('a');
  expect([addresses.isFull('a'), addresses.isFull('b'), addresses.isFull(undefined)]).toEqual([
    true,
    false,
    false,
  ]);
  addresses.leave('a');
  expect(addresses.isFull('a')).toBe(false);
  addresses.leave('a');
  expect(addresses.size).toBe(0);
});

it('without limits no address is kept', () => {
  const addresses = new Addresses({ opensPerAddress: Infinity, sessionsPerAddress: Infinity });
  expect(addresses.open('a')).toBeUndefined();
  addresses.enter('a');
  expect([addresses.size, addresses.isUnlimited]).toEqual([0, true]);
});
