import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { Backplane, Opened } from '@velox/server/backplane';
import { nats } from '@velox/server/nats';
import { postgres } from '@velox/server/postgres';
import { redis } from '@velox/server/redis';
import type { EngineProcess } from '../rig/engine-process.js';
import { startNats } from '../rig/nats-server.js';
import { connectionTo, startPostgres } from '../rig/postgres.js';
import { startRedis } from '../rig/redis.js';

/** How often each engine is killed. */
const KILLS = process.env.VELOX_RUNS === undefined ? 1 : 5;
/** Acknowledged appends before each kill. */
const APPENDS = 600;
const TOPICS = Array.from({ length: 8 }, (_, n) => `topic ${n}`);

interface Setting {
  readonly start: () => Promise<EngineProcess>;
  readonly connect: (port: number) => Promise<Backplane>;
}

async function connectRedis(port: number): Promise<Backplane> {
  const client = new Redis(port, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  const backplane = redis(client);
  await backplane.log.run();
  return { ...backplane, close: async () => (await backplane.close(), client.disconnect()) };
}
function connectPostgres(port: number): Promise<Backplane> {
  const pool = new pg.Pool({ ...connectionTo(port), max: 10 });
  pool.on('error', () => undefined);
  const backplane = postgres(pool);
  return Promise.resolve({ ...backplane, close: async () => (await backplane.close(), await pool.end()) });
}
async function connectNats(port: number): Promise<Backplane> {
  const connection = await connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1 });
  const backplane = nats(connection, jetstream(connection));
  return { ...backplane, close: async () => (await backplane.close(), await connection.close()) };
}

const persistence = (appendfsync: string): Setting => ({
  start: () => startRedis('--appendonly', 'yes', '--appendfsync', appendfsync),
  connect: connectRedis,
});
/** Each acknowledged revision is there after a kill. */
const SAFE: Record<string, Setting> = {
  'Redis with appendfsync always': persistence('always'),
  'Redis with appendfsync everysec': persistence('everysec'),
  'Redis with appendfsync no': persistence('no'),
  PostgreSQL: { start: () => startPostgres(), connect: connectPostgres },
  NATS: { start: () => startNats(), connect: connectNats },
};
/** A commit is acknowledged before it is written, so its process takes the newest ones along. */
const UNSAFE: Setting = {
  start: () => startPostgres('synchronous_commit=off'),
  connect: connectPostgres,
};

/** One writer for each topic. It appends until the engine is killed, and returns the acknowledged tags. */
async function write(
  { log }: Backplane,
  topic: string,
  { snapshot, revisions }: Opened,
  goesOn: () => boolean,
): Promise<string[]> {
  const acknowledged: string[] = [];
  let head = revisions.at(-1)?.at ?? snapshot.at;
  while (goesOn()) {
    const tag = crypto.randomUUID();
    const result = await log.append(topic, head, [{ tag, patch: '[]' }]).catch(() => undefined);
    if (!result?.ok) break;
    head = result.at;
    acknowledged.push(tag);
  }
  return acknowledged;
}

/** Kills an engine in the middle of appends, starts it again, and looks for what it has acknowledged. */
async function countLost({ start, connect }: Setting): Promise<{ acknowledged: number; lost: number }> {
  await using engine = await start();
  const sum = { acknowledged: 0, lost: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    const writing = await connect(engine.port);
    let asked = 0;
    let isKilled = false;
    let enough = (): void => undefined;
    const isEnough = new Promise<void>((resolve) => (enough = resolve));
    const goesOn = (): boolean => {
      if (++asked === APPENDS + TOPICS.length) enough();
      return !isKilled;
    };
    // All are open before the first append: on a busy machine, the kill may come before a late one has opened.
    const opened = await Promise.all(TOPICS.map((topic) => writing.log.open(topic, '0')));
    const writers = TOPICS.map((topic, n) => write(writing, topic, opened[n] as Opened, goesOn));
    await isEnough;
    isKilled = true;
    await engine.kill();
    const reconnected = engine.start();
    const acknowledged = await Promise.all(writers);
    await reconnected;
    await writing.close();
    const reading = await connect(engine.port);
    for (const [n, topic] of TOPICS.entries()) {
      const { snapshot, revisions } = await reading.log.open(topic, '0');
      // The log has no gaps: only its end can be missing.
      expect(revisions.map(({ at }) => at.version)).toEqual(
        revisions.map((_, step) => snapshot.at.version + 1 + step),
      );
      const there = new Set(revisions.map(({ tag }) => tag));
      const tags = acknowledged[n] ?? [];
      const lost = tags.filter((tag) => !there.has(tag));
      expect(lost).toEqual(tags.slice(tags.length - lost.length));
      sum.acknowledged += tags.length;
      sum.lost += lost.length;
    }
    await reading.close();
  }
  return sum;
}

async function report(name: string, setting: Setting): Promise<{ acknowledged: number; lost: number }> {
  const found = await countLost(setting);
  process.stderr.write(`${name}: ${JSON.stringify({ kills: KILLS, ...found })}\n`);
  return found;
}

describe('an engine that is killed in the middle of appends', { timeout: 300_000 }, () => {
  it.each(Object.entries(SAFE))('has all that it has acknowledged: %s', async (name, setting) => {
    const { acknowledged, lost } = await report(name, setting);
    expect(acknowledged).toBeGreaterThanOrEqual(APPENDS * KILLS);
    expect(lost).toBe(0);
  });

  it('can lose the newest revisions, and no other ones: PostgreSQL with synchronous_commit off', async () => {
    const { acknowledged } = await report('PostgreSQL with synchronous_commit off', UNSAFE);
    expect(acknowledged).toBeGreaterThanOrEqual(APPENDS * KILLS);
  });
});
