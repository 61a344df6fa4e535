import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { redis, type RedisClient } from './index.js';

/** A client of ioredis that keeps no commands. `PUBLISH` and `INFO` are recorded. */
class FakeIoRedis extends EventEmitter {
  readonly isCluster: boolean = false;
  readonly sent: string[] = [];
  subscriber: EventEmitter | undefined;
  status = 'ready';
  call(command: string, ...args: string[]): Promise<unknown> {
    this.sent.push([command, args.at(-1)].join(' '));
    return Promise.resolve('');
  }
  duplicate(): unknown {
    return (this.subscriber = Object.assign(new FakeIoRedis(), {
      subscribe: () => Promise.resolve(),
      unsubscribe: () => Promise.resolve(),
      disconnect: () => {},
    }));
  }
  connect(): void {
    this.status = 'ready';
    this.emit('ready');
  }
}

class FakeIoCluster extends FakeIoRedis {
  override readonly isCluster = true;
  readonly options = { shardedSubscribers: true };
  nodes = (): FakeIoRedis[] => [this];
  ssubscribe = (): Promise<void> => Promise.resolve();
  sunsubscribe = (): Promise<void> => Promise.resolve();
}

class FakeNodeRedis extends EventEmitter {
  isOpen = true;
  isReady = true;
  readonly sent: string[] = [];
  sendCommand(args: string[]): Promise<unknown> {
    this.sent.push([args[0], args.at(-1)].join(' '));
    return Promise.resolve('');
  }
  duplicate(): unknown {
    return Object.assign(new FakeNodeRedis(), {
      connect: () => Promise.resolve(),
      subscribe: () => Promise.resolve(),
      unsubscribe: () => Promise.resolve(),
      destroy: () => {},
    });
  }
  connect(): void {
    this.isReady = true;
    this.emit('ready');
  }
}

class FakeNodeCluster extends EventEmitter {
  readonly masters = [];
  nodeClient = (): void => {};
  sendCommand = (): Promise<unknown> => Promise.resolve('');
  sSubscribe = (): Promise<void> => Promise.resolve();
  sUnsubscribe = (): Promise<void> => Promise.resolve();
}

interface Connected {
  readonly client: FakeIoRedis | FakeNodeRedis;
  readonly cut: () => void;
  readonly giveUp: () => void;
  /** Where an error of the connection is heard. */
  readonly failing: () => EventEmitter | undefined;
}
const single: Record<string, () => Connected> = {
  ioredis() {
    const client = new FakeIoRedis();
    return {
      client,
      cut: () => (client.status = 'reconnecting'),
      giveUp() {
        client.status = 'end';
        client.emit('end');
      },
      failing: () => client.subscriber,
    };
  },
  'node-redis'() {
    const client = new FakeNodeRedis();
    return {
      client,
      cut: () => (client.isReady = false),
      giveUp() {
        client.isOpen = false;
        client.emit('error', new Error('Socket closed unexpectedly'));
      },
      failing: () => client,
    };
  },
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe.each(Object.entries(single))('a backplane on Redis, by %s,', (_, connect) => {
  it('gives a client without a connection no commands, and rejects them after 2 s', async () => {
    const { client, cut } = connect();
    const { bus, log } = redis(client);
    await vi.advanceTimersByTimeAsync(0);
    client.sent.length = 0;
    cut();
    const results = Promise.allSettled([bus.publish('a', '1'), log.run(), log.heads(['t'])]);
    await vi.advanceTimersByTimeAsync(2_000);
    for (const result of await results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'timeout' } });
    client.connect();
    await bus.publish('a', '2');
    expect(client.sent).toEqual(['PUBLISH 2']);
  });

  it('sends commands in the order of their calls if the connection comes soon', async () => {
    const { client, cut } = connect();
    const { bus } = redis(client);
    client.sent.length = 0;
    cut();
    const sent = ['1', '2', '3'].map((data) => bus.publish('a', data));
    await vi.advanceTimersByTimeAsync(1_900);
    client.connect();
    sent.push(bus.publish('a', '4'));
    await Promise.all(sent);
    expect(client.sent).toEqual(['PUBLISH 1', 'PUBLISH 2', 'PUBLISH 3', 'PUBLISH 4']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects commands that found no connection with the error of the connection as the cause', async () => {
    const { client, cut, failing } = connect();
    const { bus } = redis(client);
    cut();
    const rejection = bus.publish('a', '1').catch((reason: unknown) => reason);
    const error = new Error('WRONGPASS invalid username-password pair or user is disabled.');
    failing()?.emit('error', error);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await rejection).toMatchObject({ code: 'timeout', cause: error });
  });

  it('leaves commands to a client that gives up, without a delay', async () => {
    const { client, cut, giveUp } = connect();
    const { bus } = redis(client);
    await vi.advanceTimersByTimeAsync(0);
    client.sent.length = 0;
    cut();
    const first = bus.publish('a', '1');
    giveUp();
    await Promise.all([first, bus.publish('a', '2')]); // the client rejects them itself
    expect(client.sent).toEqual(['PUBLISH 1', 'PUBLISH 2']);
  });

  it('checks the eviction of a Redis that starts later than its servers', async () => {
    const { client, cut } = connect();
    cut();
    redis(client);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(client.sent).toEqual([]);
    client.connect();
    await vi.advanceTimersByTimeAsync(0);
    expect(client.sent).toEqual(['INFO memory']);
  });

  it('leaves a client without listeners after backplane.close(), except for its errors', async () => {
    const { client } = connect();
    await redis(client).close();
    expect(client.eventNames()).toEqual(client instanceof FakeNodeRedis ? ['error'] : []);
  });
});

it('a client of ioredis that connects by its first command gets it', async () => {
  const client = new FakeIoRedis();
  client.status = 'wait';
  await redis(client).bus.publish('a', '1');
  expect(client.sent).toContain('PUBLISH 1');
});

it('errors of node-redis have a listener, without which they end the process', async () => {
  const [client, cluster] = [new FakeNodeRedis(), new FakeNodeCluster()];
  for (const each of [client, client, cluster]) await redis(each).close();
  for (const each of [client, cluster]) {
    expect(each.emit('error', new Error('read ECONNRESET'))).toBe(true);
    expect(each.listenerCount('error')).toBe(1);
  }
});

const clusters: Record<string, [client: () => EventEmitter, events: string[]]> = {
  ioredis: [() => new FakeIoCluster(), ['-node', '-subscriber', '+node', '+subscriber', 'subscribersReady']],
  'node-redis': [
    () => new FakeNodeCluster(),
    ['node-disconnect', 'node-connect', 'node-ready', 'node-ready'],
  ],
};

describe.each(Object.entries(clusters))('a bus on a cluster of Redis, by %s,', (_, [connect, events]) => {
  it('doubts once, when subscriptions that were lost work again', async () => {
    const client = connect();
    const backplane = redis(client as unknown as RedisClient);
    const { bus } = backplane;
    const doubt = vi.fn();
    await bus.subscribe('velox entity items', vi.fn(), doubt);
    for (const event of events) {
      client.emit(event);
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(doubt).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(500);
    expect(doubt).toHaveBeenCalledOnce();
    client.emit(events.at(-1) as string);
    await backplane.close();
    expect(vi.getTimerCount()).toBe(0);
    for (const event of events) expect(client.listenerCount(event)).toBe(0);
  });
});

describe('an append that Redis answers with an error', () => {
  const after = { id: 'a', version: 1, token: 't' };

  /** The rejection of an append that is answered with an error. */
  async function rejection(error: Error): Promise<unknown> {
    const client = new FakeIoRedis();
    const { log } = redis(client);
    vi.spyOn(client, 'call').mockImplementation((command) =>
      command === 'EVALSHA' ? Promise.reject(error) : Promise.resolve('run_id:1'),
    );
    return log.append('topic', after, [{ tag: 'x', patch: '[]' }]).catch((reason: unknown) => reason);
  }

  it.each([
    "OOM command not allowed when used memory > 'maxmemory'. script: f0, on @user_script:6.",
    "ERR Error running script (call to f_0): @user_script:6: -OOM command not allowed when used memory > 'maxmemory'.",
    'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.',
    'NOAUTH Authentication required.',
    "NOPERM this user has no permissions to run the 'evalsha' command",
    "ERR The user executing the script can't run this command or subcommand script: f0, on @user_script:11.",
    "ERR ACL failure in script: User app has no permissions to run the 'xadd' command script: f0, on @user_script:11.",
  ])(
    'an append that Redis refuses rejects as unavailable, with the error as its cause: %s',
    async (message) => {
      const error = new Error(message);
      expect(await rejection(error)).toMatchObject({ code: 'unavailable', cause: error });
    },
  );

  it.each([
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
    'Connection is closed.',
  ])('an append that fails may be repeated or be in the log: %s', async (message) => {
    const error = new Error(message);
    expect(await rejection(error)).toBe(error);
  });
});
