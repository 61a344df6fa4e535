import grpc from '@grpc/grpc-js';
import { Redis } from 'ioredis';
import Database from 'libsql';
import { mesh } from '../../src/backplanes/mesh/index.js';
import { redis } from '../../src/backplanes/redis/index.js';
import { sqlite } from '../../src/backplanes/sqlite/index.js';
import type { Backplane } from '../../src/cluster/bus.js';
import { combine } from '../../src/cluster/combine.js';
import type { EngineSetup } from './orders.js';

/** Opens the engine of the torture test. */
export function backplaneOf(engine: EngineSetup): Backplane {
  if (engine.kind === 'redis') {
    const client = new Redis({ port: engine.port, host: '127.0.0.1', maxRetriesPerRequest: null });
    client.on('error', () => undefined); // it is killed on purpose
    return redis(client);
  }
  const { file, folder } = engine;
  const log = sqlite(new Database(file));
  return combine({ log, bus: mesh({ grpc, secret: 'torture torture torture', folder }) });
}
