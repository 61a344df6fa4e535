import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PostgresQuery } from './client.js';
import { postgres } from './index.js';
import { Listener } from './listener.js';

/** A connection that answers immediately, and notifies itself. */
class FakeClient extends EventEmitter {
  readonly texts: string[] = [];
  readonly payloads: unknown[] = [];
  releases = 0;
  query({ name, text, values }: PostgresQuery): Promise<{ rows: unknown[] }> {
    this.texts.push(text);
    if (name === 'velox_notify') this.payloads.push(...(values?.[1] as unknown[]));
    const [, channel] = /^NOTIFY "(.*)"/.exec(text) ?? [];
    if (channel) this.emit('notification', { channel });
    return Promise.resolve({ rows: [] });
  }
  release(): void {
    this.releases++;
  }
}

/** A pool that answers when the test says so. */
function createPool() {
  const client = new FakeClient();
  let answer = (): void => {};
  const connect = vi.fn(() => new Promise<FakeClient>((resolve) => (answer = () => resolve(client))));
  const pool = { connect, query: () => Promise.resolve({ rows: [] }) };
  return { pool, client, answer: () => answer() };
}

const createListener = (pool: ReturnType<typeof createPool>['pool'], onDoubt = vi.fn()): Listener =>
  new Listener(pool, { onNotification: vi.fn(), onDoubt });

describe('the connection of PostgreSQL that listens', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('rejects calls that got no connection within 5 s, and asks the pool once', async () => {
    const { pool } = createPool();
    const listener = createListener(pool);
    const settled: string[] = [];
    const note = (name: string, call: Promise<void>): void =>
      void call.then(
        () => settled.push(`${name} resolved`),
        (error: unknown) => settled.push(`${name} ${(error as { code?: string }).code}`),
      );
    note('a', listener.notify('c', 'a'));
    note('listen', listener.listen('c'));
    await vi.advanceTimersByTimeAsync(2_000);
    note('b', listener.notify('c', 'b'));
    await vi.advanceTimersByTimeAsync(2_000);
    note('c', listener.notify('c', 'c'));
    expect(settled).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_010);
    expect(settled).toEqual(['a timeout', 'listen timeout']);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(settled).toEqual(['a timeout', 'listen timeout', 'b timeout', 'c timeout']);
    expect(pool.connect).toHaveBeenCalledOnce();
  });

  it('sends nothing over a late connection that has timed out, and keeps it for later calls', async () => {
    const { pool, client, answer } = createPool();
    const listener = createListener(pool);
    const late = Promise.allSettled(['a', 'b'].map((payload) => listener.notify('c', payload)));
    await vi.advanceTimersByTimeAsync(7_000);
    expect((await late).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    answer();
    await listener.notify('c', 'd');
    await listener.listen('c');
    expect(client.payloads).toEqual(['d']);
    expect(client.texts).toContain('LISTEN "c"');
    expect(pool.connect).toHaveBeenCalledOnce();
    listener.close();
    expect(client.releases).toBe(1);
  });

  it('close() waits for no connection, and gives back one that comes later', async () => {
    const { pool, client, answer } = createPool();
    const backplane = postgres(pool);
    const { bus } = backplane;
    const results = Promise.allSettled([bus.publish('a', '1'), bus.subscribe('a', vi.fn())]);
    await vi.advanceTimersByTimeAsync(100);
    await backplane.close();
    for (const result of await results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
    await vi.advanceTimersByTimeAsync(10);
    expect(vi.getTimerCount()).toBe(0);
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(client.releases).toBe(1);
    expect(client.texts).toEqual([]);
  });
});

it('a connection of PostgreSQL that cannot be replaced is reported once, and then doubts', async () => {
  const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const { pool, client, answer } = createPool();
  const onDoubt = vi.fn();
  const listener = createListener(pool, onDoubt);
  const listening = listener.listen('c');
  await vi.waitFor(() => expect(pool.connect).toHaveBeenCalledOnce());
  answer();
  await listening;
  const refused = new Error('password authentication failed for user "velox"');
  pool.connect.mockImplementationOnce(() => Promise.reject(refused));
  pool.connect.mockImplementationOnce(() => Promise.reject(refused));
  const next = new FakeClient();
  pool.connect.mockImplementationOnce(() => Promise.resolve(next));
  client.emit('end');
  client.emit('error', new Error('Connection terminated unexpectedly'));
  await vi.waitFor(() => expect(onDoubt).toHaveBeenCalledOnce(), 5_000);
  expect(errors.mock.calls).toEqual([[expect.objectContaining({ code: 'unavailable', cause: refused })]]);
  expect([client.releases, next.texts.at(-1)]).toEqual([1, 'LISTEN "c"']);
  errors.mockRestore();
  listener.close();
});
