import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
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

  it('an update whose transaction is rolled back before its answer is never heard', async () => {
    const counter = hub.shared('abandoned', { n: 0 });
    const { version } = await counter.update((draft) => void draft.n++);
    const client = await pool.connect();
    await client.query('BEGIN');
    const sent = vi.spyOn(client, 'query');
    const update = counter.update((draft) => void draft.n++, { within: client });
    while (sent.mock.calls.length === 0) await Promise.resolve();
    await Promise.allSettled([client.query('ROLLBACK'), update]);
    sent.mockRestore();
    await client.query('SELECT 1'); // a query that was sent after the ROLLBACK is done
    client.release();
    // Notifications arrive in order.
    const hear = vi.fn();
    const end = await backplane.bus.subscribe('all', hear, vi.fn());
    await backplane.bus.publish('all', '');
    await vi.waitFor(() => expect(hear).toHaveBeenCalled());
    end();
    expect(counter.get().n).toBe(1);
    const last = await counter.update((draft) => void draft.n++);
    expect([counter.get().n, last.version]).toEqual([2, version + 1]);
  });

  it('an update that is made again after the end of its transaction is refused', async () => {
    const counter = hub.shared('ended', { n: 0 });
    await counter.snapshot();
    const [first, second] = [await pool.connect(), await pool.connect()];
    await Promise.all([first, second].map((client) => client.query('BEGIN')));
    await counter.update((draft) => void draft.n++, { within: first });
    const ends: Promise<unknown>[] = [];
    /** The update that waits is refused. Its transaction ends before it is made again, and another one begins. */
    const within = {
      async query(query: pg.QueryConfig) {
        const answer = await second.query(query);
        if (ends.length === 0) ends.push(second.query('ROLLBACK'), second.query('BEGIN'));
        return answer;
      },
    };
    const waiting = counter.update((draft) => void (draft.n += 10), { within });
    await first.query('COMMIT');
    await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
    await Promise.all(ends);
    await second.query('COMMIT');
    for (const client of [first, second]) client.release();
    await counter.update((draft) => void draft.n++);
    expect(counter.get()).toEqual({ n: 2 });
  });

  it('a second update of a topic is refused, also by another object for the same transaction', async () => {
    const counter = hub.shared('wrapped', { n: 0 });
    await counter.snapshot();
    await inTransaction(async (client) => {
      const within = (): object => ({ query: (query: pg.QueryConfig) => client.query(query) });
      await counter.update((draft) => void draft.n++, { within: within() });
      await expect(counter.update((draft) => void draft.n++, { within: within() })).rejects.toMatchObject({
        code: 'bad-option',
      });
      expect(counter.get()).toEqual({ n: 0 });
    });
    await counter.update((draft) => void draft.n++);
    expect(counter.get()).toEqual({ n: 1 });
  });

  it('an update that is rolled back to a savepoint can be made again', async () => {
    const counter = hub.shared('saved', { n: 0 });
    await counter.snapshot();
    const client = await pool.connect();
    await client.query('BEGIN; SAVEPOINT before');
    await counter.update((draft) => void (draft.n += 10), { within: client });
    await client.query('ROLLBACK TO before');
    await counter.update((draft) => void draft.n++, { within: client });
    await client.query('COMMIT');
    client.release();
    await counter.update((draft) => void draft.n++);
    expect(counter.get()).toEqual({ n: 2 });
  });

  it('an update within a transaction that does not see the newest value fails as unavailable', async () => {
    const counter = hub.shared('repeatable', { n: 0 });
    await counter.snapshot();
    await inTransaction(async (client) => {
      await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await client.query('SELECT FROM velox_head');
      await counter.update((draft) => void draft.n++);
      await expect(counter.update((draft) => void draft.n++, { within: client })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('READ COMMITTED') as string,
      });
    });
    expect(counter.get()).toEqual({ n: 1 });
  });

  it('PostgreSQL ends a deadlock of transactions that update topics in opposite orders', async () => {
    const [one, other] = [hub.shared('one', { n: 0 }), hub.shared('another', { n: 0 })];
    await Promise.all([one.snapshot(), other.snapshot()]);
    const begun = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const client = await pool.connect();
        await client.query('BEGIN');
        return client;
      }),
    );
    const [first, second, third] = begun as [pg.PoolClient, pg.PoolClient, pg.PoolClient];
    const increment = (counter: typeof one, within: pg.PoolClient): Promise<unknown> =>
      counter.update((draft) => void draft.n++, { within });
    await increment(one, first);
    await increment(other, second);
    const end = async (client: pg.PoolClient, update: Promise<unknown>): Promise<boolean> => {
      const isDone = await update.then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ code: '40P01' });
          return false;
        },
      );
      await client.query(isDone ? 'COMMIT' : 'ROLLBACK');
      client.release();
      return isDone;
    };
    const [a, b, c] = await Promise.all([
      end(first, increment(other, first)),
      end(third, increment(one, third)),
      end(second, increment(one, second)),
    ]);
    expect([a, b, c]).toContain(true);
    await Promise.all([one, other].map((counter) => counter.update((draft) => void draft.n++)));
    expect(one.get().n).toBe(1 + [a, b, c].filter(Boolean).length);
    expect(other.get().n).toBe(1 + [a, c].filter(Boolean).length);
  });

  it('the loss of the connection of a transaction fails its update, and does not end the process', async () => {
    const counter = hub.shared('cut', { n: 0 });
    await counter.snapshot();
    const client = await pool.connect();
    await client.query('BEGIN');
    await counter.update((draft) => void draft.n++, { within: client });
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const ended = new Promise((resolve) => client.once('end', () => resolve(undefined)));
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
    await expect(counter.update((draft) => void draft.n++, { within: client })).rejects.toThrow();
    client.release(true);
    await counter.update((draft) => void draft.n++);
    expect(counter.get()).toEqual({ n: 1 });
  });
});
