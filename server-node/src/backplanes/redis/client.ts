import type { RedisConnection, RedisEvents } from './connection.js';
import { IoRedisConnection, type IoRedis } from './ioredis.js';
import { NodeRedisConnection, type NodeRedis, type NodeRedisCluster } from './node-redis.js';

/** A client of ioredis or of node-redis, also for a cluster. */
export type RedisClient = IoRedis | NodeRedis | NodeRedisCluster;

export function connectionOf(client: RedisClient, events: RedisEvents): RedisConnection {
  return 'call' in client ? new IoRedisConnection(client, events) : new NodeRedisConnection(client, events);
}
