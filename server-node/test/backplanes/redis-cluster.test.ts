import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { redis, type RedisClient } from '@velox/server/redis';
import { busContract, logContract } from '@velox/server/testing';
import type { EngineProcess } from '../rig/engine-process.js';
import { startRedis } from '../rig/redis.js';

const SLOTS = 16_384;
let servers: EngineProcess[] = [];
const closing: (() => void)[] = [];

beforeAll(async () => {
  servers = await Promise.all([0, 1, 2].map(() => startRedis('--cluster-enabled', 'yes')));
  const nodes = servers.map(({ port }) => new Redis(port));
  const first = nodes[0] as Redis;
  for (const [n, node] of nodes.entries()) {
    const start = Math.ceil((n * SLOTS) / nodes.length);
    const end = Math.ceil(((n + 1) * SLOTS) / nodes.length) - 1;
    await node.call('CLUSTER', 'ADDSLOTSRANGE', `${start}`, `${end}`);
    await first.call('CLUSTER', 'MEET', '127.0.0.1', `${servers[n]?.port}`);
  }
  const infos = () => Promise.all(nodes.map((node) => node.call('CLUSTER', 'INFO')));
  await vi.waitFor(async () => {
    for (const info of await infos()) expect(info).toMatch(/cluster_state:ok[^]*cluster_known_nodes:3/);
  }, 60_000);
  for (const node of nodes) node.disconnect();
}, 90_000);
afterAll(async () => {
  closing.forEach((close) => close());
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
}, 60_000);

function connectIo(): Promise<RedisClient> {
  const hosts = servers.map(({ port }) => ({ host: '127.0.0.1', port }));
  const cluster = new Cluster(hosts, {
    shardedSubscribers: true,
    redisOptions: { maxRetriesPerRequest: null },
  });
  cluster.on('error', () => {});
  closing.push(() => cluster.disconnect());
  return new Promise((resolve) => cluster.once('ready', () => resolve(cluster)));
}
async function connectNode(): Promise<RedisClient> {
  const rootNodes = servers.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` }));
  const cluster = createCluster({ rootNodes, defaults: { disableOfflineQueue: true } });
  cluster.on('error', () => {});
  closing.push(() => cluster.destroy());
  await cluster.connect();
  return cluster;
}

describe.each([
  ['ioredis', connectIo],
  ['node-redis', connectNode],
] as const)('a backplane on a cluster of Redis, by %s,', (_, connectClient) => {
  const engine = { connect: async () => redis(await connectClient()) };
  for (const { title, run } of [...logContract(engine), ...busContract(engine)]) it(title, run, 60_000);
});

it('a cluster of ioredis without sharded subscribers is refused, because it keeps no order', () => {
  const cluster = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true });
  expect(() => redis(cluster)).toThrow('Create it with `shardedSubscribers: true`.');
  cluster.disconnect();
});
