import { Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { redis, type RedisClient } from '@velox/server/redis';
import type { EngineProcess } from '../rig/engine-process.js';
import { startRedis } from '../rig/redis.js';

let server: EngineProcess;
const closing: (() => void)[] = [];
const io = (): Redis => {
  const client = new Redis(server.port, { maxRetriesPerRequest: null });
  closing.push(() => client.disconnect());
  return client;
};

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  closing.forEach((close) => close());
  await server[Symbol.asyncDispose]();
});

interface Unsteady {
  readonly client: RedisClient;
  readonly hasGivenUp: () => boolean;
  readonly connect: () => Promise<unknown>;
  readonly end: () => void;
}
/** Clients that give up soon. */
const unsteady: Record<string, (port: number) => Promise<Unsteady>> = {
  ioredis(port) {
    const retryStrategy = (times: number) => (times > 2 ? null : 10);
    const client = new Redis(port, { maxRetriesPerRequest: null, retryStrategy });
    client.on('error', () => {});
    return Promise.resolve({
      client,
      hasGivenUp: () => client.status === 'end',
      connect: () => client.connect(),
      end: () => client.disconnect(),
    });
  },
  async 'node-redis'(port) {
    const reconnectStrategy = (times: number) => (times > 2 ? (false as const) : 10);
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy } });
    client.on('error', () => {});
    await client.connect();
    return {
      client,
      hasGivenUp: () => !client.isOpen,
      connect: () => client.connect(),
      end: () => client.destroy(),
    };
  },
};

describe('Redis', () => {
  it('nodes with different clients share one log and one bus', async () => {
    const client = createClient({ socket: { host: '127.0.0.1', port: server.port } });
    await client.connect();
    closing.push(() => client.destroy());
    const [one, two] = [redis(io()), redis(client)];
    const { snapshot } = await one.log.open('mixed', '0');
    const heard: unknown[] = [];
    await two.log.follow('mixed', ({ at, patch }) => heard.push(at.version, patch), vi.fn());
    await one.bus.subscribe('mixed', (data) => heard.push(data));
    expect((await one.log.append('mixed', snapshot.at, [{ tag: 'a', patch: '[1]' }])).ok).toBe(true);
    await vi.waitFor(() => expect(heard).toEqual([2, '[1]']));
    await two.bus.publish('mixed', 'hello');
    await vi.waitFor(() => expect(heard).toEqual([2, '[1]', 'hello']));
    await Promise.all([one.close(), two.close()]);
  });

  it('close ends a connection of node-redis 4, which has `disconnect` in place of `destroy`', async () => {
    const client = createClient({ socket: { host: '127.0.0.1', port: server.port } });
    await client.connect();
    closing.push(() => client.destroy());
    const subscriber = client.duplicate();
    const version4 = {
      isOpen: true,
      isReady: true,
      on: client.on.bind(client),
      off: client.off.bind(client),
      sendCommand: (args: string[]) => client.sendCommand(args),
      duplicate: () => ({
        connect: () => subscriber.connect(),
        subscribe: subscriber.subscribe.bind(subscriber),
        unsubscribe: subscriber.unsubscribe.bind(subscriber),
        on: subscriber.on.bind(subscriber),
        async disconnect() {
          if (!subscriber.isOpen) throw new Error('The client is closed');
          subscriber.destroy();
          await Promise.resolve();
        },
      }),
    };
    const backplane = redis(version4);
    const heard: string[] = [];
    await backplane.bus.subscribe('version 4', (data) => heard.push(data));
    await backplane.bus.publish('version 4', 'hello');
    await vi.waitFor(() => expect(heard).toEqual(['hello']));
    await backplane.close();
    expect(subscriber.isOpen).toBe(false);
    await backplane.close(); // has no connection any more
  });

  it.each(Object.entries(unsteady))(
    'a node hears others again after the client of the application, by %s, has given up and is connected again',
    async (_, connectUnsteady) => {
      await using engine = await startRedis();
      const { client, hasGivenUp, connect, end } = await connectUnsteady(engine.port);
      const backplane = redis(client);
      const heard: string[] = [];
      await backplane.bus.subscribe('x', (data) => heard.push(data));
      await engine.kill();
      await vi.waitFor(() => expect(hasGivenUp()).toBe(true), 5_000);
      await expect(backplane.bus.publish('x', '1')).rejects.toThrow(/closed/);
      await engine.start();
      await connect();
      await vi.waitFor(async () => {
        await backplane.bus.publish('x', '2');
        expect(heard).toContain('2');
      }, 10_000);
      await backplane.close();
      end();
    },
    30_000,
  );

  it('is refused with a pool, which cannot subscribe', () => {
    const pool = createClientPool({ socket: { host: '127.0.0.1', port: server.port } });
    expect(() => redis(pool as never)).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message: expect.stringContaining('such as new Redis(url), and no pool') as string,
      }),
    );
  });

  it('a server that forgot its scripts gets them again', async () => {
    const client = io();
    const backplane = redis(client);
    const { log } = backplane;
    const { snapshot } = await log.open('scripts', '0');
    await client.call('SCRIPT', 'FLUSH');
    expect((await log.append('scripts', snapshot.at, [{ tag: 'a', patch: '[]' }])).ok).toBe(true);
    expect(await log.read('scripts', snapshot.at)).toHaveLength(1);
    await backplane.close();
  });

  it('an append of a user without the right to write is refused, and possible once the user has it', async () => {
    const { log, setRights, close } = await connectUser('writer', '-xadd');
    const { snapshot } = await log.open('refused', '0');
    const append = () => log.append('refused', snapshot.at, [{ tag: 'a', patch: '[1]' }]);
    await expect(append()).rejects.toMatchObject({ code: 'unavailable', cause: expect.any(Error) as Error });
    expect(await log.heads(['refused'])).toEqual([snapshot.at]);
    await setRights('+xadd');
    expect((await append()).ok).toBe(true);
    await setRights('-evalsha');
    await expect(append()).rejects.toMatchObject({ code: 'unavailable' });
    await close();
  });

  it('appends of a user without the right to publish are stored', async () => {
    const { log, close } = await connectUser('mute', '-publish');
    const { snapshot } = await log.open('unheard', '0');
    const append = (version: number, token: string, tags: string[]) =>
      log.append(
        'unheard',
        { id: snapshot.at.id, version, token },
        tags.map((tag) => ({ tag, patch: '[1]' })),
      );
    expect(await append(1, snapshot.at.token, ['a', 'b'])).toMatchObject({ ok: true });
    expect(await append(3, 'b', ['c'])).toMatchObject({ ok: true, at: { version: 4, token: 'c' } });
    expect(await log.read('unheard', snapshot.at)).toMatchObject([{ tag: 'a' }, { tag: 'b' }, { tag: 'c' }]);
    await close();
  });

  it('warns if Redis may evict keys, and only then', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const client = io();
    await redis(client).close();
    await client.ping();
    expect(warn).not.toHaveBeenCalled();
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await redis(client).close();
    await vi.waitFor(() =>
      expect(warn).toHaveBeenCalledWith(
        'velox: Redis may evict the states of topics. Set maxmemory-policy to noeviction, not allkeys-lru.',
        { type: 'VeloxWarning' },
      ),
    );
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    warn.mockRestore();
  });

  it('keys of two prefixes are separate', async () => {
    const client = io();
    const [one, two] = [redis(client, { prefix: 'one:' }), redis(client, { prefix: 'two:' })];
    const first = await one.log.open('', '1');
    const second = await two.log.open('', '2');
    expect(second.snapshot.at.id).not.toBe(first.snapshot.at.id);
    expect(await client.keys('one:*')).toEqual(['one:{t-}']);
    await Promise.all([one.close(), two.close()]);
  });

  it('close ends its own connection and leaves the client open', async () => {
    const client = io();
    const before = await count(client);
    const backplane = redis(client);
    await backplane.bus.subscribe('x', () => {});
    expect(await count(client)).toBe(before + 1);
    await backplane.close();
    await vi.waitFor(async () => expect(await count(client)).toBe(before));
  });
});

/** Connects a node as a user that has all rights but one. */
async function connectUser(username: string, without: string) {
  const admin = io();
  const setRights = (...rights: string[]) => admin.call('ACL', 'SETUSER', username, ...rights);
  await setRights('on', '>secret', '~*', '&*', '+@all', without);
  const client = new Redis(server.port, { username, password: 'secret', maxRetriesPerRequest: null });
  closing.push(() => client.disconnect());
  const backplane = redis(client);
  return { log: backplane.log, setRights, close: () => backplane.close() };
}

const count = async (client: Redis): Promise<number> =>
  String(await client.call('CLIENT', 'LIST'))
    .trim()
    .split('\n').length;
