import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Budget } from '@velox/core/protocol';
import { Heartbeat } from './heartbeat.js';
import type { Session } from './session.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it.each([1, 2, 10, 97])(
  'lets the copies of each of %i sessions have its turn, with one budget a time',
  (count) => {
    const checked = new Set<number>();
    const beaten = new Map<number, number>();
    const sessions = Array.from({ length: count }, (_, number) => ({
      beat(budget: Budget) {
        beaten.set(number, (beaten.get(number) ?? 0) + 1);
        if (budget.left > 0) checked.add(number);
        budget.left = 0; // a value that uses it up
        return false;
      },
    }));
    const heartbeat = new Heartbeat(1_000, { all: sessions as unknown as Session[] }, () => undefined);
    heartbeat.start();
    const beats = 3 * count;
    vi.advanceTimersByTime(1_000 * beats);
    heartbeat.stop();
    expect(checked.size).toBe(count);
    expect([...beaten.values()]).toEqual(Array(count).fill(beats));
  },
);
