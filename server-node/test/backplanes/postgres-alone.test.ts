import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { combine } from '@velox/server/backplane';
import { memory } from '@velox/server/memory';
import { postgres, postgresSchema, type PostgresClient, type PostgresPool } from '@velox/server/postgres';
import { withParts } from '../../src/cluster/bus-parts.js';
import { CHANGED, changedRow } from '../../src/cluster/changed.js';
import type { EngineProcess } from '../rig/engine-process.js';
import { admin, connectionTo, startPostgres } from '../rig/postgres.js';

let server: EngineProcess;
const pools: pg.Pool[] = [];
function connectPool(config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ ...connectionTo(server.port), ...config });
  pool.on('error', () => {}); // it is restarted
  pools.push(pool);
  return pool;
}
/** A client behind a pooler in transaction mode: the connection of its next query may not know a statement, or may have one of that name. */
const pooled = (client: PostgresClient): PostgresClient => ({
  query: (query) =>
    query.name === undefined
      ? client.query(query)
      : Promise.reject(new Error(`prepared statement "${query.name}" already exists`)),
});
const step = (tag: string) => ({ tag, patch: '[]' });

beforeAll(async () => {
  server = await startPostgres('fsync=off');
}, 60_000);
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await server[Symbol.asyncDispose]();
}, 60_000);

describe('PostgreSQL', () => {
  it('velox_changed in a trigger tells all nodes which row changed, when it is committed', async () => {
    const pool = connectPool();
    const backplane = postgres(pool);
    await backplane.log.heads([]); // creates the function
    await pool.query(`
      CREATE TABLE items (id int PRIMARY KEY, title text);
      CREATE FUNCTION items_changed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM velox_changed('items', NEW.id::text); RETURN NULL; END $$;
      CREATE TRIGGER items_changed AFTER INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION items_changed();`);
    const heard: unknown[] = [];
    await withParts(backplane.bus).subscribe(CHANGED, (data) => heard.push(changedRow(data)));
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query(`INSERT INTO items VALUES (9, 'rolled back')`);
    await client.query('ROLLBACK');
    client.release();
    await pool.query(`INSERT INTO items VALUES (7, 'a'), (8, 'b')`);
    await pool.query(`UPDATE items SET title = 'c' WHERE id = 8`);
    await vi.waitFor(() =>
      expect(heard).toEqual([
        ['items', '7'],
        ['items', '8'],
        ['items', '8'],
      ]),
    );
    await backplane.close();
  });

  it('a notification that was lost is found by the heads within 5 s', async () => {
    const backplane = postgres(connectPool());
    const { snapshot } = await backplane.log.open('lost', '0');
    const doubt = vi.fn();
    await backplane.log.follow('lost', () => {}, doubt);
    await vi.waitFor(() => expect(doubt).toHaveBeenCalledTimes(1)); // its first check knows nothing yet
    // Like a node that ends between commit and notification: it cannot notify.
    const pool = connectPool();
    const listen = {
      query: () => Promise.reject(new Error('gone')),
      connect: () => Promise.reject(new Error('gone')),
    };
    const silent = postgres(pool, { listen });
    expect((await silent.log.append('lost', snapshot.at, [step('a')])).ok).toBe(true);
    await vi.waitFor(() => expect(doubt).toHaveBeenCalledTimes(2));
    await Promise.all([backplane.close(), silent.close()]);
  });

  it('at isolation levels above READ COMMITTED, one of two writers is refused', async () => {
    const options = '-c default_transaction_isolation=serializable';
    const [one, two] = [postgres(connectPool({ options })), postgres(connectPool({ options }))];
    let { at } = (await one.log.open('serializable', '0')).snapshot;
    for (let n = 0; n < 50; n++) {
      const results = await Promise.all([
        one.log.append('serializable', at, [step(`a${n}`)]),
        two.log.append('serializable', at, [step(`b${n}`)]),
      ]);
      const winner = results.find((result) => result.ok);
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      if (winner?.ok) at = winner.at;
    }
    await Promise.all([one.close(), two.close()]);
  });

  it('an append behind a transaction that does not end fails after 2 s and names the topic', async () => {
    const pool = connectPool();
    const backplane = postgres(pool);
    const { at } = (await backplane.log.open('held', '0')).snapshot;
    const client = await pool.connect();
    await client.query('BEGIN');
    await backplane.log.append('held', at, [step('a')], client);
    await expect(backplane.log.append('held', at, [step('b')])).rejects.toMatchObject({
      code: 'unavailable',
      message: 'velox: a transaction has held topic "held" for 2 s. Commit it earlier.',
    });
    const { rows } = await client.query<{ lock_timeout: string }>('SHOW lock_timeout');
    expect(rows[0]?.lock_timeout).toBe('0'); // the limit is not the application's
    await client.query('ROLLBACK');
    client.release();
    expect((await backplane.log.append('held', at, [step('c')])).ok).toBe(true);
    await backplane.close();
  });

  it('`within` refuses a pool, whose queries are not in the transaction', async () => {
    const pool = connectPool();
    const backplane = postgres(pool);
    const { at } = (await backplane.log.open('pool', '0')).snapshot;
    await expect(backplane.log.append('pool', at, [step('a')], pool)).rejects.toMatchObject({
      code: 'bad-option',
    });
    await backplane.close();
  });

  it('with `listen`, works behind a pooler in transaction mode', async () => {
    await admin(server.port, 'CREATE DATABASE pooled OWNER velox');
    const direct = connectPool({ database: 'pooled' });
    const connect = (): Promise<never> => Promise.reject(new Error('LISTEN went through the pooler'));
    const pool: PostgresPool = { ...pooled(direct), connect };
    const backplane = postgres(pool, { listen: direct });
    const { log, bus } = backplane;
    const { at } = (await log.open('pooled', '0')).snapshot;
    const heard: string[] = [];
    await log.follow('pooled', ({ tag }) => void heard.push(tag), vi.fn());
    expect((await log.append('pooled', at, [step('a')])).ok).toBe(true);
    const second = await log.append('pooled', { ...at, version: 2, token: 'a' }, [step('b'), step('c')]);
    expect(second).toMatchObject({ ok: true, at: { version: 4 } });

    const client = await direct.connect();
    for (const tags of [['d'], ['e', 'f']]) {
      const [head] = await log.heads(['pooled']);
      await client.query('BEGIN');
      await log.append('pooled', head ?? at, tags.map(step), pooled(client));
      expect((await log.append('pooled', at, [step('x')], pooled(client))).ok).toBe(false);
      await client.query('COMMIT');
    }
    client.release();
    await vi.waitFor(() => expect(heard.join('')).toBe('abcdef'));

    expect(await log.read('pooled', at)).toHaveLength(6);
    expect(await log.saveSnapshot('pooled', { ...at, version: 4, token: 'c' }, '1', 0)).toBe(true);
    expect((await log.renew('pooled', at.id)).id).not.toBe(at.id);
    await log.drop('pooled');
    await bus.subscribe('pooled', (data) => void heard.push(data));
    await bus.publish('pooled', 'message');
    await vi.waitFor(() => expect(heard).toContain('message'));
    await backplane.close();
  });

  it('a role that may not create tables uses those of a migration', async () => {
    await admin(server.port, 'CREATE DATABASE migrated', 'CREATE ROLE limited LOGIN');
    const owner = connectPool({ user: 'postgres', database: 'migrated' });
    await owner.query(postgresSchema());
    await owner.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO limited');
    const backplane = postgres(connectPool({ user: 'limited', database: 'migrated' }));
    const { at } = (await backplane.log.open('limited', '0')).snapshot;
    expect((await backplane.log.append('limited', at, [step('a')])).ok).toBe(true);
    expect(await backplane.log.saveSnapshot('limited', { ...at, version: 2, token: 'a' }, '1', 0)).toBe(true);
    expect(await backplane.log.run()).toMatch(/^\d+:[0-9A-F]{8}:\d+/);
    await backplane.close();
  });

  it('applications in two schemas of a database with prefixes of their own hear nothing of each other', async () => {
    await admin(server.port, 'CREATE DATABASE schemas OWNER velox');
    const heard: string[] = [];
    const connect = async (schema: string) => {
      const pool = connectPool({ database: 'schemas', options: `-c search_path=${schema}` });
      await pool.query(`CREATE SCHEMA ${schema}`);
      const backplane = postgres(pool, { prefix: schema });
      const { at } = (await backplane.log.open('topic', '0')).snapshot;
      await backplane.log.follow('topic', ({ tag }) => heard.push(`${schema} ${tag}`), vi.fn());
      await backplane.bus.subscribe('subject', (data) => heard.push(`${schema} ${data}`));
      await withParts(backplane.bus).subscribe(CHANGED, (data) => heard.push(`${schema} ${data}`));
      return { ...backplane, pool, at };
    };
    const [one, two] = [await connect('one'), await connect('two')];
    await one.log.append('topic', one.at, [step('a')]);
    await one.bus.publish('subject', 'b');
    await one.pool.query(`SELECT velox_changed('items', '7')`);
    await vi.waitFor(() => expect(heard).toHaveLength(3));
    await two.bus.publish('subject', 'last');
    await vi.waitFor(() => expect(heard).toContain('two last'));
    expect(heard.filter((text) => text.startsWith('two'))).toEqual(['two last']);
    await Promise.all([one.close(), two.close()]);
  });

  it('another prefix replaces the function of triggers', async () => {
    await admin(server.port, 'CREATE DATABASE renamed OWNER velox');
    const pool = connectPool({ database: 'renamed' });
    const before = postgres(pool);
    await before.log.open('topic', '0');
    const after = postgres(pool, { prefix: 'shop' });
    await after.log.open('topic', '0');
    const heard = vi.fn();
    await withParts(after.bus).subscribe(CHANGED, heard);
    await pool.query(`SELECT velox_changed('items', '7')`);
    await vi.waitFor(() => expect(heard).toHaveBeenCalledOnce());
    await Promise.all([before.close(), after.close()]);
  });

  it('a topic that is created takes over no revision that an append left during a drop', async () => {
    const pool = connectPool();
    const backplane = postgres(pool);
    const { log } = backplane;
    await log.heads([]); // creates the tables
    await pool.query(`INSERT INTO velox_log VALUES ('t-dropped', 2, 'old', 'before', '[]')`);
    const { snapshot, revisions } = await log.open('dropped', '0');
    expect(revisions).toEqual([]);
    expect((await log.append('dropped', snapshot.at, [step('a')])).ok).toBe(true);
    await backplane.close();
  });

  it('a restart shows as another run', async () => {
    const backplane = postgres(connectPool());
    const run = await backplane.log.run();
    expect(await backplane.log.run()).toBe(run);
    await server.restart();
    await vi.waitFor(async () => expect(await backplane.log.run()).not.toBe(run), 10_000);
    await backplane.close();
  });

  it('many nodes that start together create the tables once', async () => {
    await admin(server.port, 'CREATE DATABASE fresh OWNER velox');
    const nodes = Array.from({ length: 10 }, () => postgres(connectPool({ database: 'fresh', max: 2 })));
    const opened = await Promise.all(nodes.map(({ log }) => log.open('x', '0')));
    expect(new Set(opened.map(({ snapshot }) => snapshot.at.id)).size).toBe(1);
    await Promise.all(nodes.map((node) => node.close()));
  });

  it('tells no node of appends without `notify`, and combined with a bus that bus tells', async () => {
    const backplane = postgres(connectPool(), { notify: false });
    const { log } = combine({ log: backplane, bus: memory() });
    const { at } = (await log.open('quiet', '0')).snapshot;
    const [alone, both] = [vi.fn(), vi.fn()];
    await backplane.log.follow('quiet', alone, vi.fn());
    await log.follow('quiet', both, vi.fn());
    await log.append('quiet', at, [step('a')]);
    await vi.waitFor(() => expect(both).toHaveBeenCalledOnce());
    await backplane.bus.subscribe('quiet', () => {}); // earlier notifications have arrived
    expect(alone).not.toHaveBeenCalled();
    await backplane.close();
  });

  it('close gives its connection back and leaves the pool open', async () => {
    const pool = connectPool();
    const backplane = postgres(pool);
    await backplane.bus.subscribe('x', () => {});
    await backplane.close();
    expect(pool.idleCount).toBe(pool.totalCount);
    await expect(backplane.bus.publish('x', '1')).rejects.toMatchObject({ code: 'closed' });
    expect((await pool.query('SELECT 1')).rows).toHaveLength(1);
  });
});
