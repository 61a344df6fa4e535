import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import Database from 'libsql';
import pg from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createHub } from '@velox/server';
import { combine, type Backplane } from '@velox/server/backplane';
import { mesh } from '@velox/server/mesh';
import { nats } from '@velox/server/nats';
import { postgres } from '@velox/server/postgres';
import { redis } from '@velox/server/redis';
import { sqlite } from '@velox/server/sqlite';
import type { EngineProcess } from './rig/engine-process.js';
import { freePort } from './rig/free-port.js';
import { startNats } from './rig/nats-server.js';
import { connectionTo, startPostgres } from './rig/postgres.js';
import { startRedis } from './rig/redis.js';
import { startTcpProxy } from './rig/tcp-proxy.js';

const TOPICS = Array.from({ length: 100 }, (_, n) => `topic ${n}`);
/** Updates of each topic. */
const UPDATES = 20;
const TEXT = 'x'.repeat(400);

/** Three nodes: a writer, and two that hear of its updates through proxies, which count bytes. */
interface Trio {
  readonly writer: Backplane;
  /** The port that the writer's messages come from. */
  readonly port: number;
  /** A node whose connections go to a port. */
  readonly join: (port: number) => Backplane | Promise<Backplane>;
}

const engineOf = async (engine: Promise<EngineProcess>): Promise<number> => {
  const program = await engine;
  onTestFinished(() => program[Symbol.asyncDispose]());
  return program.port;
};

async function onEngine(
  engine: Promise<EngineProcess>,
  join: (port: number) => Backplane | Promise<Backplane>,
): Promise<Trio> {
  const port = await engineOf(engine);
  return { port, join, writer: await join(port) };
}

const onRedis = (): Promise<Trio> =>
  onEngine(startRedis(), (port) => {
    const client = new Redis(port, { maxRetriesPerRequest: null });
    onTestFinished(() => client.disconnect());
    return redis(client);
  });

const onPostgres = (): Promise<Trio> =>
  onEngine(startPostgres('fsync=off'), (port) => {
    const pool = new pg.Pool({ ...connectionTo(port), max: 5 });
    pool.on('error', () => undefined);
    onTestFinished(() => pool.end());
    return postgres(pool);
  });

const onNats = (): Promise<Trio> =>
  onEngine(startNats(), async (port) => {
    const connection = await connect({ servers: `127.0.0.1:${port}`, ignoreClusterUpdates: true });
    onTestFinished(() => connection.close());
    return nats(connection, jetstream(connection));
  });

/** The file is on this machine, so the bus is the mesh. */
async function onSqlite(): Promise<Trio> {
  const folder = mkdtempSync(join(tmpdir(), 'velox-bytes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const port = await freePort();
  const node = (listen: string, ...peers: string[]): Backplane =>
    combine({
      log: sqlite(new Database(join(folder, 'log.db'))),
      bus: mesh({ grpc, secret: 'bytes bytes bytes', listen, peers }),
    });
  return {
    port,
    join: (proxy) => node('127.0.0.1:0', `127.0.0.1:${proxy}`),
    writer: node(`127.0.0.1:${port}`),
  };
}

describe('a node that hosts 1 % of the topics', { timeout: 120_000 }, () => {
  it.each([
    ['Redis', onRedis],
    ['PostgreSQL', onPostgres],
    ['NATS', onNats],
    ['SQLite and a mesh', onSqlite],
  ] as const)('receives at most 2 percent of the bytes of one that hosts all, on %s', async (name, start) => {
    const { writer, port, join: joinBy } = await start();
    const node = async (topics: readonly string[], through: number) => {
      const backplane = through === port ? writer : await joinBy(through);
      const hub = createHub({ backplane, logger: () => undefined });
      onTestFinished(async () => {
        await hub.close();
        await backplane.close();
      });
      const states = topics.map((topic) => hub.shared(topic, { n: 0, text: '' }));
      await Promise.all(states.map((state) => state.snapshot()));
      return states;
    };
    const [toAll, toOne] = [await startTcpProxy(port), await startTcpProxy(port)];
    onTestFinished(() => toAll[Symbol.asyncDispose]());
    onTestFinished(() => toOne[Symbol.asyncDispose]());
    const written = await node(TOPICS, port);
    const all = await node(TOPICS, toAll.port);
    const one = await node(TOPICS.slice(0, 1), toOne.port);
    const before = [toAll.received, toOne.received] as const;
    for (let n = 1; n <= UPDATES; n++)
      await Promise.all(written.map((state) => state.set({ n, text: `${n}${TEXT}` })));
    // A node may have heard of an update by the log before it has the message.
    const least = TOPICS.length * UPDATES * TEXT.length;
    await vi.waitFor(() => {
      expect([...all, ...one].every((state) => state.get().n === UPDATES)).toBe(true);
      expect(toAll.received - before[0]).toBeGreaterThan(least);
    }, 60_000);
    const [whole, part] = [toAll.received - before[0], toOne.received - before[1]];
    process.stderr.write(`${name}: ${part} of ${whole} bytes, ${((100 * part) / whole).toFixed(2)} %\n`);
    expect(part / whole).toBeLessThanOrEqual(0.02);
  });
});
