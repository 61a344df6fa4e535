import grpc from '@grpc/grpc-js';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import Database from 'libsql';
import pg from 'pg';
import { mesh } from '../../src/backplanes/mesh/index.js';
import { nats } from '../../src/backplanes/nats/index.js';
import { postgres } from '../../src/backplanes/postgres/index.js';
import { redis } from '../../src/backplanes/redis/index.js';
import { sqlite } from '../../src/backplanes/sqlite/index.js';
import type { Backplane } from '../../src/cluster/bus.js';
import { combine } from '../../src/cluster/combine.js';
import { connectionTo } from '../rig/postgres.js';
import { PRIMARY } from '../rig/redis-sentinel.js';
import type { EngineSetup } from './orders.js';

/** Opens the engine of the torture test. */
export async function backplaneOf(engine: EngineSetup): Promise<Backplane> {
  const host = '127.0.0.1';
  if ('sentinels' in engine) {
    const sentinels = engine.sentinels.map((port) => ({ host, port }));
    return redis(hush(new Redis({ name: PRIMARY, sentinels, maxRetriesPerRequest: null })));
  }
  if (engine.kind === 'redis')
    return redis(hush(new Redis({ host, port: engine.port, maxRetriesPerRequest: null })));
  if (engine.kind === 'postgres') {
    const pool = new pg.Pool({ ...connectionTo(engine.port), max: 5 });
    pool.on('error', () => undefined);
    const backplane = postgres(pool, { durable: engine.isDurable ?? true });
    return {
      ...backplane,
      async close() {
        await backplane.close();
        await pool.end();
      },
    };
  }
  if ('port' in engine) {
    const servers = `127.0.0.1:${engine.port}`;
    const connection = await connect({
      ...{ servers, maxReconnectAttempts: -1, reconnectTimeWait: 50 },
      waitOnFirstConnect: true, // a node may start while the engine is away
    });
    const backplane = nats(connection, jetstream(connection));
    return {
      ...backplane,
      async close() {
        await backplane.close();
        await connection.close();
      },
    };
  }
  const { file, folder } = engine;
  const log = sqlite(new Database(file));
  return combine({ log, bus: mesh({ grpc, secret: 'torture torture torture', folder }) });
}

/** The engine is killed on purpose. */
function hush(client: Redis): Redis {
  return client.on('error', () => undefined);
}
