import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
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

it.each([
  ['in Node', {}, 15_000],
  ['in Bun, whose server closes an answer that is idle for 10 s', { Bun: {} }, 8_000],
])('is by default announced %s', async (_, globals, heartbeat) => {
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
  onTestFinished(() => void vi.unstubAllGlobals());
  vi.resetModules();
  const { createHub } = await import('../index.js');
  const response = await createHub().fetch(
    new Request('http://h/?velox=3', { headers: { accept: 'text/event-stream' } }),
  );
  const reader = response.body!.getReader();
  const text = new TextDecoder().decode((await reader.read()).value);
  expect(text).toContain(`"heartbeat":${heartbeat},`);
  await reader.cancel();
});
