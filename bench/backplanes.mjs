/** Backplanes: an append against the bare command of its engine, and the rates of many topics. Each engine is started for it. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgres } from '@velox/server/postgres';
import { redis } from '@velox/server/redis';
import { sqlite } from '@velox/server/sqlite';
import { Redis } from 'ioredis';
import Database from 'libsql';
import pg from 'pg';
import { runnerImport } from 'vite';
import { atLeast, atMost, count, median, ms, times } from './harness.mjs';

export const title = 'Backplanes';

const ROUNDS = 9;
/** How long one turn takes, in ms. */
const TURN = 400;
const TOPICS = 64;
/** It has 150 bytes, like a change of a few members. */
const PATCH = JSON.stringify([{ op: 'replace', path: '/rows/12/title', value: 'x'.repeat(96) }]);

const rig = async (name) =>
  (await runnerImport(new URL(`../server-node/test/rig/${name}.ts`, import.meta.url).pathname)).module;
const tag = () => randomBytes(9).toString('base64url');

/** A writer of one topic: each call appends once. */
async function writer({ log }, topic) {
  let { at } = (await log.open(topic, '{}')).snapshot;
  return async () => {
    const result = await log.append(topic, at, [{ tag: tag(), patch: PATCH }]);
    if (!result.ok) throw new Error('an append was refused');
    ({ at } = result);
  };
}

/** Calls one after the other for a turn: the median time of a call, in ms. */
async function timeOf(call) {
  const taken = [];
  for (const end = performance.now() + TURN; performance.now() < end;) {
    const start = performance.now();
    await call();
    taken.push(performance.now() - start);
  }
  return median(taken);
}

/** All writers at the same time for a turn: calls a second. */
async function rateOf(writers) {
  let calls = 0;
  const start = performance.now();
  const loop = async (call) => {
    for (; performance.now() - start < TURN; calls++) await call();
  };
  await Promise.all(writers.map(loop));
  return (1_000 * calls) / (performance.now() - start);
}

/** Takes turns between contenders, in changing order. */
async function rounds(measure, contenders) {
  const names = Object.keys(contenders);
  const found = [];
  for (const call of names) await measure(contenders[call]); // V8 compiles, and connections open
  for (let round = 0; round < ROUNDS; round++) {
    const result = {};
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length];
      result[name] = await measure(contenders[name]);
    }
    found.push(result);
  }
  return {
    of: (name) => median(found.map((result) => result[name])),
    ratio: (one, other) => median(found.map((result) => result[one] / result[other])),
  };
}

async function ofRedis() {
  const server = await (await rig('redis')).startRedis('--appendonly', 'yes');
  const client = new Redis(server.port);
  const backplane = redis(client);
  try {
    const append = await writer(backplane, 'topic');
    const bare = () => client.xadd('bare', '*', 't', tag(), 'p', PATCH);
    const result = await rounds(timeOf, { append, bare });
    const beside = `${ms(result.of('append'))}; XADD ${ms(result.of('bare'))}`;
    return [
      atMost('Redis (AOF everysec): append / XADD', result.ratio('append', 'bare'), 2.5, times, beside),
    ];
  } finally {
    await backplane.close();
    client.disconnect();
    await server[Symbol.asyncDispose]();
  }
}

async function ofPostgres() {
  const { connectionTo, startPostgres } = await rig('postgres');
  const server = await startPostgres();
  const pools = [];
  const connect = (max, commit = 'on') => {
    const options = `-c synchronous_commit=${commit}`;
    pools.push(new pg.Pool({ ...connectionTo(server.port), max, options }));
    return pools.at(-1);
  };
  const backplane = postgres(connect(17));
  const gone = () => Promise.reject(new Error('gone'));
  const silent = postgres(connect(16), { listen: { query: gone, connect: gone } });
  try {
    const text = 'INSERT INTO bare (topic, tag, patch) VALUES ($1, $2, $3)';
    await connect(1).query('CREATE TABLE bare (id bigserial PRIMARY KEY, topic text, tag text, patch text)');
    const against = async (commit) => {
      const node = postgres(connect(3, commit));
      const pool = connect(1, commit);
      const append = await writer(node, `commit ${commit}`);
      const bare = () => pool.query({ name: 'bare', text, values: ['topic', tag(), PATCH] });
      const result = await rounds(timeOf, { append, bare });
      await node.close();
      return result;
    };
    const one = await against('on');
    const fast = await against('off');
    const writers = (node, name) =>
      Promise.all(Array.from({ length: TOPICS }, (_, n) => writer(node, `${name} ${n}`)));
    let heard = 0;
    for (let n = 0; n < TOPICS; n++)
      await backplane.log.follow(
        `told ${n}`,
        () => heard++,
        () => {},
      );
    const many = await rounds(rateOf, {
      told: await writers(backplane, 'told'),
      silent: await writers(silent, 'silent'),
    });
    if (heard === 0) throw new Error('nothing was heard');
    const share = (ratio) => `${Math.round(100 * ratio)} %`;
    const beside = (result, unit, ...names) =>
      names.map((name) => `${name} ${unit(result.of(name))}`).join('; ');
    const rate = (number) => `${count(Math.round(number))}/s`;
    return [
      atMost(
        'PostgreSQL: append / INSERT',
        one.ratio('append', 'bare'),
        1.5,
        times,
        beside(one, ms, 'append', 'bare'),
      ),
      atMost(
        'PostgreSQL, synchronous_commit=off: append / INSERT',
        fast.ratio('append', 'bare'),
        1.5,
        times,
        beside(fast, ms, 'append', 'bare'),
      ),
      atLeast(
        `PostgreSQL, ${TOPICS} topics: rate with notifications / without`,
        many.ratio('told', 'silent'),
        0.7,
        share,
        beside(many, rate, 'told', 'silent'),
      ),
    ];
  } finally {
    await Promise.all([backplane.close(), silent.close()]);
    await Promise.all(pools.map((pool) => pool.end()));
    await server[Symbol.asyncDispose]();
  }
}

async function ofSqlite() {
  const folder = mkdtempSync(join(tmpdir(), 'velox-bench-'));
  const backplane = sqlite(new Database(join(folder, 'velox.db')));
  try {
    const one = await writer(backplane, 'topic');
    const many = await Promise.all(Array.from({ length: TOPICS }, (_, n) => writer(backplane, `topic ${n}`)));
    const time = await rounds(timeOf, { one });
    const rate = await rounds(rateOf, { one: [one], many });
    return [
      atLeast(
        'SQLite: appends a second by one writer',
        Math.round(rate.of('one')),
        5_000,
        count,
        `${TOPICS} topics ${count(Math.round(rate.of('many')))}; the median time of one append ${ms(time.of('one'))}`,
      ),
    ];
  } finally {
    await backplane.close();
    rmSync(folder, { recursive: true });
  }
}

export async function run() {
  return [...(await ofRedis()), ...(await ofPostgres()), ...(await ofSqlite())];
}
