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
import type { EngineSetup } from './orders.js';

/** Opens the engine of the torture test. */
export async function backplaneOf(engine: EngineSetup): Promise<Backplane> {
  if (engine.kind === 'redis') {
    const client = new Redis({ port: engine.port, host: '127.0.0.1', maxRetriesPerRequest: null });
    client.on('error', () => undefined); // it is killed on purpose
    return redis(client);
  }
  if (engine.kind === 'postgres') {
    const pool = new pg.Pool({ ...connectionTo(engine.port), max: 5 });
    pool.on('error', () => undefined);
    const backplane = postgres(pool);
    return {
      ...backplane,
      async close() {
        await backplane.close();
        await pool.end();
      },
    };
  }
  if (engine.kind === 'nats') {
    const servers = `127.0.0.1:${engine.port}`;
    const connection = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
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
