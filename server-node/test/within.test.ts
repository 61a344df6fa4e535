import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHub, type Hub } from '@velox/server';
import type { Backplane } from '@velox/server/backplane';
import { postgres } from '@velox/server/postgres';
import type { EngineProcess } from './rig/engine-process.js';
import { connectionTo, startPostgres } from './rig/postgres.js';

let server: EngineProcess;
let pool: pg.Pool;
let backplane: Backplane;
let hub: Hub;

beforeAll(async () => {
  server = await startPostgres('fsync=off');
  pool = new pg.Pool(connectionTo(server.port));
  backplane = postgres(pool);
  hub = createHub({ backplane, logger: () => undefined });
}, 60_000);
afterAll(async () => {
  await hub.close();
  await backplane.close();
  await pool.end();
  await server[Symbol.asyncDispose]();
}, 60_000);

/** Runs a transaction that is rolled back in any case. */
async function inTransaction(body: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await body(client);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

describe('an update within a transaction', () => {
  it('an update within a transaction fails with advice if the transaction has updated the topic before', async () => {
    const counter = hub.shared('twice', { n: 0 });
    await counter.snapshot();
    await inTransaction(async (client) => {
      await counter.update((draft) => void draft.n++, { within: client });
      await expect(counter.update((draft) => void draft.n++, { within: client })).rejects.toMatchObject({
        code: 'bad-option',
        message:
          'velox: a transaction has updated "twice" before. Make all changes of a topic in one update of it.',
      });
      // The transaction can go on, and other topics are updated in it.
      await hub.shared('other', { n: 0 }).update((draft) => void draft.n++, { within: client });
    });
    expect(counter.get()).toEqual({ n: 0 });
    await counter.update((draft) => void draft.n++);
    expect(counter.get()).toEqual({ n: 1 });
  });

  it('an update within a transaction is made again if another writer commits first', async () => {
    const counter = hub.shared('raced', { n: 0 });
    await counter.snapshot();
    const updates = Array.from({ length: 5 }, async () => {
      const client = await pool.connect();
      await client.query('BEGIN');
      await counter.update((draft) => void draft.n++, { within: client });
      await client.query('COMMIT');
      client.release();
    });
    await Promise.all(updates);
    await counter.update((draft) => void draft.n++);
    expect(counter.get()).toEqual({ n: 6 });
  });

  it('updates within transactions that hold all connections of a pool are all committed', async () => {
    const small = new pg.Pool({ ...connectionTo(server.port), max: 4 });
    const ofPool = postgres(small);
    const node = createHub({ backplane: ofPool, logger: () => undefined });
    const counter = node.shared('pooled', { n: 0 });
    await counter.snapshot();
    const update = async (): Promise<void> => {
      const client = await small.connect();
      await client.query('BEGIN');
      await counter.update((draft) => void draft.n++, { within: client });
      await client.query('COMMIT');
      client.release();
    };
    await Promise.all(Array.from({ length: 12 }, update));
    await counter.update((draft) => void draft.n++);
    expect(counter.get()).toEqual({ n: 13 });
    await node.close();
    await ofPool.close();
    await small.end();
  });

  it('an update within a transaction lets other updates of its topic wait, which fail as unavailable and not in doubt', async () => {
    const counter = hub.shared('held', { n: 0 });
    await counter.snapshot();
    await inTransaction(async (client) => {
      await counter.update((draft) => void draft.n++, { within: client });
      await expect(counter.update((draft) => void draft.n++)).rejects.toMatchObject({
        code: 'unavailable',
        message: 'velox: a transaction has held topic "held" for 2 s. Commit it earlier.',
      });
    });
    await counter.update((draft) => void draft.n++);
    expect(counter.get()).toEqual({ n: 1 });
  });
});
