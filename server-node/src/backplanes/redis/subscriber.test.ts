import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { IoRedisConnection } from './ioredis.js';
import { NodeRedisConnection } from './node-redis.js';

/** A connection for subscriptions, of either library. */
class FakeSubscriber extends EventEmitter {
  status = 'ready';
  isOpen = true;
  readonly connect = vi.fn(() => Promise.resolve());
  readonly subscribe = vi.fn<(channel: string) => Promise<void>>(() => Promise.resolve());
  readonly unsubscribe = (): Promise<void> => Promise.resolve();
  readonly disconnect = (): void => {};
  readonly destroy = (): void => {};
}

/** A client of either library, which is connected. */
class FakeClient extends EventEmitter {
  readonly isCluster = false;
  readonly subscriber = new FakeSubscriber();
  readonly options = { retryStrategy: () => null, socket: { host: 'redis', reconnectStrategy: false } };
  overrides: unknown;
  status = 'ready';
  isOpen = true;
  isReady = true;
  call = (): Promise<unknown> => Promise.resolve('');
  sendCommand = (): Promise<unknown> => Promise.resolve('');
  duplicate(overrides: unknown): FakeSubscriber {
    this.overrides = overrides;
    return this.subscriber;
  }
  cut(): void {
    this.status = 'reconnecting';
    this.isReady = false;
  }
}

const connections = { ioredis: IoRedisConnection, 'node-redis': NodeRedisConnection };
const refused = new Error(
  'NOPERM this user has no permissions to access one of the channels used as arguments',
);
let errors: MockInstance<typeof console.error>;

beforeEach(() => {
  vi.useFakeTimers();
  errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  errors.mockRestore();
});

describe.each(Object.entries(connections))('the subscriber of %s', (_, Connection) => {
  function connect() {
    const client = new FakeClient();
    const onDoubt = vi.fn();
    const connection = new Connection(client, { onMessage: vi.fn(), onDoubt });
    client.subscriber.emit('ready');
    return { client, subscriber: client.subscriber, connection, onDoubt };
  }

  it('never gives up, if the client of the application does', () => {
    const { client } = connect();
    const { retryStrategy, socket } = client.overrides as Record<string, unknown>;
    const { host, reconnectStrategy } = (socket ?? {}) as Record<string, unknown>;
    if (socket) expect(host).toBe('redis');
    const strategy = (retryStrategy ?? reconnectStrategy) as (attempts: number) => number;
    expect(strategy(1_000)).toBeGreaterThan(0);
  });

  it('connects again 1 s after its end, and doubts', async () => {
    const { subscriber, connection, onDoubt } = connect();
    await connection.subscribe('a');
    subscriber.connect.mockClear();
    subscriber.status = 'end';
    subscriber.isOpen = false;
    subscriber.emit('error', new Error('All sentinels are unreachable and retry is disabled.'));
    subscriber.emit('end');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(subscriber.connect).toHaveBeenCalledOnce();
    subscriber.status = 'ready';
    subscriber.isOpen = true;
    subscriber.emit('ready');
    await vi.advanceTimersByTimeAsync(0);
    expect(onDoubt).toHaveBeenCalledOnce();
    await connection.close();
    subscriber.emit('end');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is reported once if it fails while the client works', async () => {
    const { client, subscriber, connection } = connect();
    await connection.subscribe('a');
    for (let n = 0; n < 5; n++) subscriber.emit('error', refused);
    expect(errors.mock.calls).toEqual([[expect.objectContaining({ code: 'unavailable', cause: refused })]]);
    subscriber.emit('ready');
    await vi.advanceTimersByTimeAsync(0);
    subscriber.emit('error', new Error('read ECONNRESET')); // before the client meets the same
    client.cut();
    for (let n = 0; n < 5; n++) subscriber.emit('error', new Error('connect ECONNREFUSED'));
    expect(errors).toHaveBeenCalledOnce();
  });
});

it('ioredis subscribes to a refused channel when Redis allows it, and doubts then', async () => {
  const client = new FakeClient();
  const { subscriber } = client;
  const onDoubt = vi.fn();
  const connection = new IoRedisConnection(client, { onMessage: vi.fn(), onDoubt });
  subscriber.emit('ready');
  await Promise.all([connection.subscribe('a'), connection.subscribe('b')]);
  subscriber.subscribe.mockImplementation((channel) =>
    channel === 'b' ? Promise.reject(refused) : Promise.resolve(),
  );
  subscriber.emit('ready');
  await vi.advanceTimersByTimeAsync(0);
  expect(onDoubt).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(onDoubt).toHaveBeenCalledTimes(1);
  expect(errors.mock.calls).toEqual([[expect.objectContaining({ cause: refused })]]);
  subscriber.subscribe.mockClear().mockImplementation(() => Promise.resolve());
  await vi.advanceTimersByTimeAsync(1_000);
  expect(onDoubt).toHaveBeenCalledTimes(2);
  expect(subscriber.subscribe.mock.calls).toEqual([['b']]);
  expect(vi.getTimerCount()).toBe(0);
  await connection.close();
});
