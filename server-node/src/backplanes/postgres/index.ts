/** @velox/server/postgres: a backplane on PostgreSQL 13 or later, by node-postgres. */
import { checkArgument, checkGiven, expected, option, type Checks } from '@velox/core/protocol';
import type { Backplane } from '../../cluster/bus.js';
import { ignoreErrors, type ErrorEmitter } from '../../cluster/ignore-errors.js';
import { Channels, DEFAULT_PREFIX, PREFIX } from './channels.js';
import type { PostgresPool } from './client.js';
import { Listener } from './listener.js';
import { PostgresBus } from './postgres-bus.js';
import { PostgresLog } from './postgres-log.js';

export type { PostgresClient, PostgresPool, PostgresPoolClient, PostgresQuery } from './client.js';
export { postgresSchema } from './statements.js';

export interface PostgresOptions {
  /**
   * The beginning of all channels: 1 to 13 letters, digits, `-` and `_`. Default `velox`. Schemas of one database keep their tables apart,
   * and share the channels: give each application a prefix of its own. Change it with no server running, because servers of two prefixes do
   * not hear each other.
   */
  readonly prefix?: string;
  /**
   * A pool whose connections reach PostgreSQL without a pooler such as pgbouncer, which breaks LISTEN. Default: `pool`. With it, `pool`
   * prepares no statements, because a pooler may run each query on another connection.
   */
  readonly listen?: PostgresPool;
  /**
   * Whether an acknowledged revision survives failovers. Default true. Pass false if a standby may be promoted that is not
   * synchronous, or if `synchronous_commit` is off.
   */
  readonly durable?: boolean;
  /**
   * Whether PostgreSQL notifies the nodes of appends. Default true. Pass false if `combine` has another bus
   * that notifies them.
   */
  readonly notify?: boolean;
}

const POOL = expected('a pool of node-postgres, such as new Pool({ connectionString })', (value) => {
  const { connect, query } = Object(value) as Partial<PostgresPool>;
  return typeof connect === 'function' && typeof query === 'function';
});

const OPTIONS: Checks<PostgresOptions> = {
  prefix: expected(
    '1 to 13 letters, digits, "-" and "_"',
    (value) => typeof value === 'string' && PREFIX.test(value),
  ),
  listen: POOL,
  durable: option.flag,
  notify: option.flag,
};

/**
 * Makes a backplane on PostgreSQL. It creates the tables `velox_head`, `velox_snapshot` and `velox_log`, and the function
 * `velox_changed(entity, key)` for triggers. `within` takes a client that runs a transaction: its revisions are there, and heard, with
 * its commit.
 *
 * @param pool a pool of node-postgres. One of its connections is used for LISTEN and NOTIFY. Its `error` events are handled. `close`
 * leaves it open.
 *
 * @example
 * createHub({ backplane: postgres(new Pool({ connectionString })) });
 */
export function postgres(pool: PostgresPool, options: PostgresOptions = {}): Backplane {
  checkGiven('postgres()', options, OPTIONS);
  checkArgument('postgres()', 'a pool', pool, POOL);
  // A pool replaces its idle connections that PostgreSQL has cut.
  for (const each of [pool, options.listen ?? pool]) if (each.on) ignoreErrors(each as ErrorEmitter);
  const { prefix = DEFAULT_PREFIX } = options;
  const channels = new Channels(prefix);
  const listener = new Listener(options.listen ?? pool, {
    onNotification(channel, payload) {
      if (channels.isBus(channel)) bus.tell(channel, payload);
      else log.tell(channel, payload);
    },
    onDoubt() {
      log.doubt();
      bus.doubt();
    },
  });
  const log = new PostgresLog(pool, listener, channels, {
    prefix,
    isNotifying: options.notify ?? true,
    isPooled: options.listen !== undefined,
  });
  const bus = new PostgresBus(listener, channels);
  return {
    log,
    bus,
    durable: options.durable ?? true,
    shared: true,
    close() {
      log.close();
      listener.close();
      return Promise.resolve();
    },
  };
}
