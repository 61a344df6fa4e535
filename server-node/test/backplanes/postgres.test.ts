import pg from 'pg';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { postgres } from '@velox/server/postgres';
import { busContract, logContract } from '@velox/server/testing';
import type { EngineProcess } from '../rig/engine-process.js';
import { admin, connectionTo, startPostgres } from '../rig/postgres.js';
import { startTcpProxy, type TcpProxy } from '../rig/tcp-proxy.js';

let server: EngineProcess;
let proxy: TcpProxy;
const pools: pg.Pool[] = [];

beforeAll(async () => {
  server = await startPostgres();
  proxy = await startTcpProxy(server.port);
}, 60_000);
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
}, 60_000);

function connectPool(): pg.Pool {
  const pool = new pg.Pool({ ...connectionTo(proxy.port), max: 4, connectionTimeoutMillis: 5_000 });
  pool.on('error', () => {});
  pools.push(pool);
  return pool;
}

const engine = {
  connect: () => postgres(connectPool()),
  interrupt() {
    proxy.cut();
    return Promise.resolve();
  },
  restart: () => server.restart(),
  async wipe() {
    await server.kill();
    await server.start();
    await admin(server.port, 'DROP DATABASE velox WITH (FORCE)', 'CREATE DATABASE velox OWNER velox');
  },
  async begin() {
    const client = new pg.Client(connectionTo(server.port));
    await client.connect();
    await client.query('BEGIN');
    const end = (sql: string) => async () => {
      await client.query(sql);
      await client.end();
    };
    return { client, commit: end('COMMIT'), rollback: end('ROLLBACK') };
  },
};

describe('a backplane on PostgreSQL', () => {
  for (const { title, run } of [...logContract(engine), ...busContract(engine)]) it(title, run, 60_000);
});
