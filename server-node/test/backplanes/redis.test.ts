import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { redis, type RedisClient } from '@velox/server/redis';
import { busContract, logContract } from '@velox/server/testing';
import type { EngineProcess } from '../rig/engine-process.js';
import { startRedis } from '../rig/redis.js';
import { startTcpProxy, type TcpProxy } from '../rig/tcp-proxy.js';

let server: EngineProcess;
let proxy: TcpProxy;
const closing: (() => void)[] = [];

beforeAll(async () => {
  server = await startRedis('--appendonly', 'yes', '--appendfsync', 'everysec');
  proxy = await startTcpProxy(server.port);
});
afterAll(async () => {
  closing.forEach((close) => close());
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const clients: Record<string, () => Promise<RedisClient>> = {
  ioredis() {
    const client = new Redis(proxy.port, {
      maxRetriesPerRequest: null,
      retryStrategy: (times) => Math.min(10 * times, 200),
    });
    client.on('error', () => {});
    closing.push(() => client.disconnect());
    return Promise.resolve(client);
  },
  async 'node-redis'() {
    const client = createClient({
      socket: {
        host: '127.0.0.1',
        port: proxy.port,
        reconnectStrategy: (times) => Math.min(10 * times, 200),
      },
    });
    client.on('error', () => {});
    closing.push(() => client.destroy());
    return client.connect();
  },
};

describe.each(Object.entries(clients))('a backplane on Redis, by %s,', (_, connectClient) => {
  const engine = {
    connect: async () => redis(await connectClient()),
    interrupt() {
      proxy.cut();
      return Promise.resolve();
    },
    restart: () => server.restart(),
    async wipe() {
      await server.kill();
      await rm(join(server.folder, 'appendonlydir'), { recursive: true });
      await server.start();
    },
  };
  for (const { title, run } of [...logContract(engine), ...busContract(engine)]) it(title, run, 60_000);
});
