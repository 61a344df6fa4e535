import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { EngineProcess } from './engine-process.js';
import { startRedis } from './redis.js';

/** The name of the primary for Sentinel. */
export const PRIMARY = 'velox';
const QUORUM = 2;

/** Redis with a replica and three Sentinels. */
export class RedisSentinel implements AsyncDisposable {
  readonly #primary: EngineProcess;
  readonly #replica: EngineProcess;
  readonly #sentinels: readonly EngineProcess[];

  private constructor(primary: EngineProcess, replica: EngineProcess, sentinels: readonly EngineProcess[]) {
    this.#primary = primary;
    this.#replica = replica;
    this.#sentinels = sentinels;
  }

  static async start(): Promise<RedisSentinel> {
    const primary = await startRedis('--appendonly', 'yes');
    const [host, port] = ['127.0.0.1', `${primary.port}`];
    const replica = await startRedis('--appendonly', 'yes', '--replicaof', host, port);
    await until(replica.port, 'replication', 'master_link_status:up');
    const sentinels = await Promise.all([0, 1, 2].map(() => startSentinel(primary.port)));
    for (const each of sentinels)
      await until(each.port, 'sentinel', `slaves=1,sentinels=${sentinels.length}`);
    return new RedisSentinel(primary, replica, sentinels);
  }

  /** The ports of the Sentinels, which know the primary. */
  get sentinels(): readonly number[] {
    return this.#sentinels.map(({ port }) => port);
  }

  /** The replica receives no more changes: a password that the primary does not know keeps it from coming back. */
  async cutLink(): Promise<void> {
    await command(this.#replica.port, 'CONFIG', 'SET', 'masterauth', 'unknown');
    await command(this.#primary.port, 'CLIENT', 'KILL', 'TYPE', 'replica');
  }

  /** Kills the primary. Resolves when the Sentinels have promoted the replica. */
  async failOver(): Promise<void> {
    await this.#primary.kill();
    await until(this.#replica.port, 'replication', 'role:master');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#sentinels, this.#replica, this.#primary];
    await Promise.all(all.map((each) => each[Symbol.asyncDispose]()));
  }
}

/** `redis-server --sentinel` is the same program as `redis-sentinel`. */
function startSentinel(primaryPort: number): Promise<EngineProcess> {
  const lines = [
    `sentinel monitor ${PRIMARY} 127.0.0.1 ${primaryPort} ${QUORUM}`,
    `sentinel down-after-milliseconds ${PRIMARY} 500`,
    `sentinel failover-timeout ${PRIMARY} 10000`,
  ];
  return EngineProcess.start({
    name: 'sentinel',
    program: process.env.VELOX_REDIS ?? 'redis-server',
    prepare: (folder) => writeFile(join(folder, 'sentinel.conf'), lines.join('\n')),
    args: (port, folder) => [
      ...[join(folder, 'sentinel.conf'), '--sentinel', '--port', `${port}`, '--bind', '127.0.0.1'],
      ...['--dir', folder, '--loglevel', 'warning'],
    ],
  });
}

async function command(port: number, ...args: readonly [string, ...string[]]): Promise<string> {
  const client = new Redis(port, { maxRetriesPerRequest: null });
  client.on('error', () => undefined); // it is still starting
  const [name, ...rest] = args;
  const answer = String(await client.call(name, ...rest));
  client.disconnect();
  return answer;
}

async function until(port: number, section: string, text: string): Promise<void> {
  for (let tries = 0; !(await command(port, 'INFO', section)).includes(text); tries++) {
    if (tries > 600) throw new Error(`Redis on port ${port} does not reach "${text}"`);
    await sleep(50);
  }
}
