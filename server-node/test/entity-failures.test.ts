/** A fetch that fails, hangs, or brings what JSON cannot hold: clients keep the row, know why it may be outdated, and recover. */
import { expect, it } from 'vitest';
import { createTestSync } from '../src/testing/index.js';

const FAILURES = {
  'fetch-failed': () => Promise.reject(new Error('no database')),
  'fetch-timeout': () => new Promise<never>(() => undefined),
  'not-json': () => ({ n: 1n }) as never,
};

it.each(
  (['websocket', 'sse', 'polling'] as const).flatMap((transport) =>
    (Object.keys(FAILURES) as (keyof typeof FAILURES)[]).map((code) => ({ transport, code })),
  ),
)(
  'over $transport, a client keeps its row after $code, and recovers without a notification',
  async (given) => {
    await using test = await createTestSync({ logger: () => undefined });
    let isBroken = false;
    let n = 1;
    const items = test.hub.entity('items', {
      fetch: () => (isBroken ? FAILURES[given.code]() : { n }),
      timeout: 1_000,
    });
    const row = test.connect({ transport: given.transport }).replica<{ n: number }>('items/7');
    row.subscribe(() => undefined);
    await test.advance(1_000);
    expect(row.get()).toEqual({ n: 1 });
    expect(row.status.get()).toMatchObject({ stale: false });
    isBroken = true;
    n = 2;
    items.notify('7');
    await test.advance(2_000);
    expect(row.get()).toEqual({ n: 1 });
    expect(row.status.get()).toMatchObject({
      state: 'open',
      stale: true,
      reason: { code: 'stale', message: given.code },
    });
    await test.advance(60_000);
    expect(row.get()).toEqual({ n: 1 });
    isBroken = false;
    await test.advance(31_000); // the longest wait before an attempt
    expect(row.get()).toEqual({ n: 2 });
    expect(row.status.get()).toMatchObject({ state: 'open', stale: false });
  },
);
