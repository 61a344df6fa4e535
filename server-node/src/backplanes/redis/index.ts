/** @velox/server/redis: a backplane on Redis 7 or Valkey, by a client of ioredis or node-redis. */
import { checkArgument, checkGiven, expected, option, type Checks } from '@velox/core/protocol';
import type { Backplane } from '../../cluster/bus.js';
import { connectionOf, type RedisClient } from './client.js';
import { RedisBus } from './redis-bus.js';
import { RedisLog } from './redis-log.js';

export type { RedisClient } from './client.js';
export type { IoRedis } from './ioredis.js';
export type { NodeRedis, NodeRedisCluster } from './node-redis.js';

export interface RedisOptions {
  /** The beginning of all keys and channels. Default `velox:`. */
  readonly prefix?: string;
}

interface Given {
  readonly call?: unknown;
  readonly sendCommand?: unknown;
  readonly duplicate?: unknown;
  readonly masters?: unknown;
}
const CLIENT = expected('a client of ioredis or node-redis, such as new Redis(url), and no pool', (value) => {
  const { call, sendCommand, duplicate, masters } = Object(value) as Given;
  const hasCommands = typeof call === 'function' || typeof sendCommand === 'function';
  // A pool has no client of its own for subscriptions, and cannot make one. A cluster needs none.
  const hasSubscriber = typeof duplicate === 'function' || masters !== undefined;
  return typeof value === 'object' && hasCommands && hasSubscriber;
});

const OPTIONS: Checks<RedisOptions> = { prefix: option.text };

/**
 * Makes a backplane on Redis. Its `appendfsync` decides the losses of a crash, and a failover loses the entries that the replica lacks: see
 * docs/scaling.md. Warns if Redis may evict keys.
 *
 * @param client connected, of ioredis (with `maxRetriesPerRequest: null`) or node-redis 4 or later, also for a cluster. A client of a single
 * server is duplicated for subscriptions. The `error` events of node-redis are handled. `close` leaves it open.
 *
 * @example
 * createHub({ backplane: redis(new Redis({ maxRetriesPerRequest: null })) });
 */
export function redis(client: RedisClient, options: RedisOptions = {}): Backplane {
  checkGiven('redis()', options, OPTIONS);
  checkArgument('redis()', 'a client', client, CLIENT);
  const { prefix = 'velox:' } = options;
  const connection = connectionOf(client, {
    onMessage(channel, message) {
      if (channel.startsWith(`${prefix}bus:`)) bus.tell(channel, message);
      else log.tell(channel, message);
    },
    onDoubt() {
      log.doubt();
      bus.doubt();
    },
  });
  const log = new RedisLog(connection, prefix);
  const bus = new RedisBus(connection, prefix);
  connection.info('memory', Infinity).then(warnOfEviction, () => {}); // a client that is not connected reports that itself
  return {
    log,
    bus,
    durable: false,
    shared: true,
    async close() {
      log.close();
      await connection.close();
    },
  };
}

function warnOfEviction(servers: readonly string[]): void {
  const policies = servers.map((info) => /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1] ?? 'noeviction');
  const wrong = policies.find((policy) => policy !== 'noeviction');
  if (wrong)
    process.emitWarning(
      `velox: Redis may evict the states of topics. Set maxmemory-policy to noeviction, not ${wrong}.`,
      {
        type: 'VeloxWarning',
      },
    );
}
