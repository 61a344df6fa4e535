/** A connection before the code is there that is loaded on need, or when it cannot be loaded, as after a deployment. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFakeTransport } from '../testing/fake-transport.js';
import type { ConnectionOptions } from './options.js';

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.doUnmock('../transports/on-need.js');
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function setUp(options: Partial<ConnectionOptions> = {}) {
  const { createConnection } = await import('./connection.js');
  const fake = createFakeTransport();
  const sync = createConnection({ url: 'http://h/sync', transports: [fake.transport], ...options });
  sync.replica().subscribe(() => {});
  await vi.advanceTimersByTimeAsync(0);
  return { sync, ...fake };
}
const lost = { code: 'lost', message: 'closed (1006)' } as const;

describe('before the code is loaded', () => {
  it('a failure waits for it, and then the connection comes back as usual', async () => {
    const { sync, last, links } = await setUp();
    last().lose(lost);
    await vi.dynamicImportSettled();
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: lost, retryAt: Date.now() + 100 });
    await vi.advanceTimersByTimeAsync(100);
    expect(links).toHaveLength(2);
    last().hello();
    expect(sync.status.get()).toMatchObject({ state: 'open', reason: undefined });
  });

  it('a failure that the application has overtaken is forgotten', async () => {
    const { sync, last, links } = await setUp();
    last().lose(lost);
    sync.reconnect();
    await vi.dynamicImportSettled();
    expect(links).toHaveLength(2);
    expect(sync.status.get().state).toBe('connecting');
    sync.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a silent link is watched as soon as it is there', async () => {
    const { sync, last } = await setUp();
    last().hello({ heartbeat: 1_000 });
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(6_000);
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'silent' } });
  });
});

describe('when the code cannot be loaded', () => {
  beforeEach(() =>
    vi.doMock('../transports/on-need.js', () => {
      throw new Error('Failed to fetch dynamically imported module');
    }),
  );

  it('the connection waits for 1 to 2 s, shows the real reason, and comes back over the same transport', async () => {
    const { sync, last, links } = await setUp();
    for (let count = 1; count < 4; count++) {
      last().lose({ ...lost, message: "closed: 'ws://ann:secret@h/'" });
      await vi.dynamicImportSettled();
      expect(sync.status.get()).toMatchObject({
        state: 'waiting',
        reason: { code: 'lost', message: "closed: 'ws://h/'" },
        retryAt: Date.now() + 1_500,
      });
      await vi.advanceTimersByTimeAsync(1_500);
      expect(links).toHaveLength(count + 1);
    }
    last().hello();
    last().say({ id: 'a', version: 1, body: 'one' });
    await vi.dynamicImportSettled();
    expect(sync.status.get()).toMatchObject({ state: 'open', stale: false });
    expect(sync.replica().get()).toBe('one');
  });

  it('a token cannot be asked for, and the reason says why', async () => {
    const auth = vi.fn(() => 'token');
    const { sync, links } = await setUp({ auth });
    await vi.dynamicImportSettled();
    expect(links).toHaveLength(0);
    expect(auth).not.toHaveBeenCalled();
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'lost' } });
  });
});
