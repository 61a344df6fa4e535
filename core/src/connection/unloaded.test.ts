/** A connection before the code is there that is loaded on need, or when it cannot be loaded, as after a deployment. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConnectionOptions } from './options.js';

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.doUnmock('../transports/on-need.js');
  vi.doUnmock('../platform/load.js');
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function setUp(options: Partial<ConnectionOptions> = {}) {
  const { createConnection } = await import('./connection.js');
  const { createFakeTransport } = await import('../testing/fake-transport.js');
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

describe('a delta before the code is loaded', () => {
  const value = { rows: [1, 2] };
  const push = { version: 2, delta: true, body: [{ op: 'add', path: '/rows/-', value: 3 }] } as const;

  it('waits for it, and all frames after it keep their order', async () => {
    const { sync, last } = await setUp();
    const shown: unknown[] = [];
    sync.onFrame((frame) => {
      if ('event' in frame) shown.push(frame.data, JSON.stringify(sync.replica().get()));
    });
    last().hello();
    last().say({ id: 'a', version: 1, body: value });
    last().say(push);
    last().say({ event: 'n', data: 1, seq: 1 });
    last().say({ version: 3, delta: true, body: [{ op: 'remove', path: '/rows/0' }] });
    expect(shown).toEqual([]);
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(200);
    expect(shown).toEqual([1, '{"rows":[1,2,3]}']);
    expect(sync.replica().get()).toEqual({ rows: [2, 3] });
    expect(last().sent.filter((frame) => 'subscribe' in frame)).toHaveLength(1);
  });

  it('is forgotten with its link', async () => {
    const { sync, last } = await setUp();
    last().hello();
    last().say({ id: 'a', version: 1, body: value });
    last().say(push);
    sync.reconnect();
    last().hello();
    last().say({ id: 'a', version: 5, body: { rows: [] } });
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(200);
    expect(sync.replica().get()).toEqual({ rows: [] });
  });

  it('after a goodbye is not applied', async () => {
    const { sync, last } = await setUp();
    last().hello();
    last().say({ id: 'a', version: 1, body: value });
    last().say({ version: 2, delta: true, body: [{ op: 'remove', path: '/rows/0' }] });
    last().say({ bye: { code: 'closed', reason: 'the server closes', retry: 60_000 } });
    last().say({ version: 3, delta: true, body: [{ op: 'remove', path: '/rows/0' }] });
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(200);
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'closed' } });
    expect(sync.replica().get()).toEqual({ rows: [2] });
  });
});

/** The runner itself fails only the first of two imports at once. */
function failEachLoad(): void {
  const load = (): Promise<never> => Promise.reject(new Error('Failed to fetch'));
  vi.doMock('../platform/load.js', () => ({ loaded: undefined, load }));
}

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

  it('a delta that answers a position is answered by a request for a snapshot, once', async () => {
    failEachLoad();
    const { createConnection } = await import('./connection.js');
    const { createFakeTransport } = await import('../testing/fake-transport.js');
    const { transport, last } = createFakeTransport();
    const sync = createConnection({ url: 'http://h/sync', transports: [transport] });
    const board = sync.replica('board', { id: 'a', version: 1, body: ['one'] });
    board.subscribe(() => {});
    await vi.advanceTimersByTimeAsync(0);
    last().hello();
    const step = { topic: 'board', delta: true, body: [{ op: 'add', path: '/-', value: 'n' }] } as const;
    last().say({ ...step, id: 'a', version: 5, from: 1 }, { ...step, version: 6 });
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(0);
    const asked = last().sent.filter((frame) => 'subscribe' in frame);
    expect(asked).toEqual([
      { subscribe: [{ topic: 'board', id: 'a', version: 1 }] },
      { subscribe: [{ topic: 'board' }] },
    ]);
    last().say({ topic: 'board', id: 'a', version: 6, body: ['six'] });
    await vi.advanceTimersByTimeAsync(200);
    expect(board.get()).toEqual(['six']);
    expect(board.status.get().stale).toBe(false);
  });

  it('an attempt that has to ask for a token waits, and shows the reason', async () => {
    const { sync, links } = await setUp({ auth: () => 'token' });
    await vi.dynamicImportSettled();
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'not-loaded' } });
    const { retryAt = 0 } = sync.status.get();
    await vi.advanceTimersByTimeAsync(retryAt - Date.now());
    expect(sync.status.get()).toMatchObject({ attempt: 2, transport: 'fake' });
    expect(links).toEqual([]);
  });

  it('an attempt that the application has closed meanwhile stays closed', async () => {
    const { createConnection } = await import('./connection.js');
    const transports = [(await import('../testing/fake-transport.js')).createFakeTransport().transport];
    const sync = createConnection({ url: 'http://h/sync', transports, auth: () => 'token' });
    sync.replica().subscribe(() => {});
    while (sync.status.get().state !== 'connecting') await Promise.resolve();
    sync.close();
    for (let count = 0; count < 3; count++) await vi.dynamicImportSettled();
    expect(sync.status.get().state).toBe('closed');
  });

  it('an announced message is received without the code on need', async () => {
    const { sync, last } = await setUp();
    last().hello();
    last().say({ ping: true, next: 100_000 });
    last().say({ id: 'a', version: 1, body: 'one' });
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(200);
    expect(sync.replica().get()).toBe('one');
    expect(sync.status.get().state).toBe('open');
  });

  it('each delta is answered by a request for a snapshot, and the value stays until it comes', async () => {
    failEachLoad();
    const { sync, last } = await setUp();
    last().hello();
    last().say({ id: 'a', version: 1, body: 'one' });
    for (let version = 2; version < 4; version++) {
      last().say({ version, delta: true, body: [{ op: 'replace', path: '', value: 'next' }] });
      await vi.dynamicImportSettled();
      await vi.advanceTimersByTimeAsync(200);
      expect(sync.replica().get()).toBe(version === 2 ? 'one' : 'whole');
      expect(last().sent.at(-1)).toEqual({ subscribe: [{}] });
      last().say({ id: 'a', version, body: 'whole' });
    }
    await vi.advanceTimersByTimeAsync(200);
    expect(sync.replica().get()).toBe('whole');
    const { state, diverged } = sync.replica().status.get();
    expect([state, diverged]).toEqual(['open', undefined]);
  });

  it('a token cannot be asked for, and the reason says why', async () => {
    const auth = vi.fn(() => 'token');
    const { sync, links } = await setUp({ auth });
    await vi.dynamicImportSettled();
    expect(links).toHaveLength(0);
    expect(auth).not.toHaveBeenCalled();
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'not-loaded' } });
  });
});
