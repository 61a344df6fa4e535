import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineProcess } from '../rig/engine-process.js';
import { startNats } from '../rig/nats-server.js';
import { PostgresPair } from '../rig/postgres-pair.js';
import { startPostgres } from '../rig/postgres.js';
import { RedisSentinel } from '../rig/redis-sentinel.js';
import { startRedis } from '../rig/redis.js';
import type { EngineSetup } from './orders.js';

/**
 * The harm to an engine in the middle of a run.
 *
 * - `kill`: it is killed and started again.
 * - `cut`: it also loses the end of its file.
 * - `forget`: it keeps nothing.
 * - `fail over`: it is killed, and a standby takes its place. It was synchronous, if the engine has that.
 * - `fail over behind`: the link to the standby, which is asynchronous, was cut 0.7 s before.
 */
export type Harm = 'none' | 'kill' | 'cut' | 'forget' | 'fail over' | 'fail over behind';

/** An engine that takes harm. */
export interface TortureEngine extends AsyncDisposable {
  readonly setup: EngineSetup;
  /** From now on, the harm would lose what is written. */
  readonly prepareHarm?: () => Promise<void>;
  readonly harm?: () => Promise<void>;
}

/** How long the standby is behind, in ms. */
const LAG_MS = 700;

/** Starts an engine. `folder` is for the files of SQLite. */
export async function startEngine(
  kind: EngineSetup['kind'],
  harm: Harm,
  folder: string,
): Promise<TortureEngine> {
  if (harm.startsWith('fail over')) return startPair(kind, harm === 'fail over behind');
  if (kind === 'sqlite') {
    const setup = { kind, file: join(folder, 'log.db'), folder };
    return { setup, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const program = await startProgram(kind, harm);
  return {
    setup: { kind, port: program.port },
    async harm() {
      if (harm === 'none') return;
      await program.kill();
      if (harm === 'cut') await cutTail(program.folder);
      await sleep(300);
      await program.start();
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

function startProgram(kind: Exclude<EngineSetup['kind'], 'sqlite'>, harm: Harm): Promise<EngineProcess> {
  if (kind === 'redis') return startRedis('--appendonly', harm === 'forget' ? 'no' : 'yes');
  return kind === 'nats' ? startNats() : startPostgres();
}

async function startPair(kind: EngineSetup['kind'], isBehind: boolean): Promise<TortureEngine> {
  const pair = kind === 'redis' ? await RedisSentinel.start() : await PostgresPair.start(!isBehind);
  return {
    setup:
      pair instanceof RedisSentinel
        ? { kind: 'redis', sentinels: pair.sentinels }
        : { kind: 'postgres', port: pair.port, isDurable: !isBehind },
    async prepareHarm() {
      if (!isBehind) return;
      await pair.cutLink();
      await sleep(LAG_MS);
    },
    harm: () => pair.failOver(),
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  };
}

/** Cuts the end off the file of Redis, as a power cut does. */
async function cutTail(folder: string): Promise<void> {
  const logs = join(folder, 'appendonlydir');
  const name = (await readdir(logs)).find((each) => each.endsWith('.incr.aof')) as string;
  const { size } = await stat(join(logs, name));
  await truncate(join(logs, name), Math.max(0, size - 4_000));
}
