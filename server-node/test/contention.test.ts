import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import Database from 'libsql';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHub, type SharedState } from '@velox/server';
import { combine, type Backplane } from '@velox/server/backplane';
import { memory } from '@velox/server/memory';
import { nats } from '@velox/server/nats';
import { postgres } from '@velox/server/postgres';
import { redis } from '@velox/server/redis';
import { sqlite } from '@velox/server/sqlite';
import { startNats } from './rig/nats-server.js';
import { connectionTo, startPostgres } from './rig/postgres.js';
import { startRedis } from './rig/redis.js';

const ROUNDS = process.env.VELOX_RUNS === undefined ? 3 : 15;
const TURN_MS = 300;

type Connect = () => Backplane | Promise<Backplane>;
type Counter = SharedState<{ n: number }>;

async function onRedis(): Promise<Connect> {
  const engine = await startRedis('--appendonly', 'yes');
  onTestFinished(() => engine[Symbol.asyncDispose]());
  return () => {
    const client = new Redis(engine.port, { maxRetriesPerRequest: null });
    onTestFinished(() => client.disconnect());
    return redis(client);
  };
}

async function onPostgres(): Promise<Connect> {
  const engine = await startPostgres();
  onTestFinished(() => engine[Symbol.asyncDispose]());
  return () => {
    const pool = new pg.Pool({ ...connectionTo(engine.port), max: 5 });
    pool.on('error', () => undefined);
    onTestFinished(() => pool.end());
    return postgres(pool);
  };
}

async function onNats(): Promise<Connect> {
  const engine = await startNats();
  onTestFinished(() => engine[Symbol.asyncDispose]());
  return async () => {
    const connection = await connect({ servers: `127.0.0.1:${engine.port}` });
    onTestFinished(() => connection.close());
    return nats(connection, jetstream(connection));
  };
}

function onSqlite(): Promise<Connect> {
  const folder = mkdtempSync(join(tmpdir(), 'velox-contention-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const bus = memory();
  return Promise.resolve(() => combine({ log: sqlite(new Database(join(folder, 'log.db'))), bus }));
}

/** Lets writers update for a turn, each one update after the other. Returns their number, and updates a second. */
async function write(writers: readonly Counter[]): Promise<{ updates: number; rate: number }> {
  const start = performance.now();
  let updates = 0;
  const loop = async (counter: Counter): Promise<void> => {
    for (; performance.now() - start < TURN_MS; updates++) await counter.update((draft) => void draft.n++);
  };
  await Promise.all(writers.map(loop));
  return { updates, rate: (1_000 * updates) / (performance.now() - start) };
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;

describe('20 writers of one state on four nodes', { timeout: 120_000 }, () => {
  it.each([
    ['SQLite', onSqlite],
    ['Redis', onRedis],
    ['PostgreSQL', onPostgres],
    ['NATS', onNats],
  ] as const)('lose no update and reach 30 percent of one writer, on %s', async (name, start) => {
    const connectNode = await start();
    const open = async (): Promise<Counter> => {
      const backplane = await connectNode();
      const hub = createHub({ backplane, logger: () => undefined });
      onTestFinished(async () => {
        await hub.close();
        await backplane.close();
      });
      const counter = hub.shared('counter', { n: 0 });
      await counter.snapshot();
      return counter;
    };
    const nodes = await Promise.all([0, 1, 2, 3].map(open));
    const many = Array.from({ length: 20 }, (_, n) => nodes[n % nodes.length] as Counter);
    const one = many.slice(0, 1);
    let { updates } = await write(many); // V8 compiles, and connections open
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const turns = round % 2 ? [many, one] : [one, many];
      const rates = new Map<readonly Counter[], number>();
      for (const writers of turns) {
        const turn = await write(writers);
        updates += turn.updates;
        rates.set(writers, turn.rate);
      }
      ratios.push((rates.get(many) ?? 0) / (rates.get(one) ?? 1));
    }
    process.stderr.write(`${name}: ${median(ratios).toFixed(2)} times the rate of one writer\n`);
    expect(median(ratios)).toBeGreaterThanOrEqual(0.3);
    const position = await (nodes[0] as Counter).update((draft) => void draft.n++);
    await Promise.all(nodes.map((node) => node.reached(position)));
    expect(nodes.map((node) => node.get().n)).toEqual(nodes.map(() => updates + 1));
  });
});
