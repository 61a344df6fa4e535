import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { EngineProcess } from './engine-process.js';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';

/** The folder of PostgreSQL's programs: that of `VELOX_POSTGRES`, else Debian's newest. */
export function postgresPrograms(): string {
  const given = process.env.VELOX_POSTGRES;
  if (given) return join(given, '..');
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  if (versions[0] === undefined) throw new Error('no PostgreSQL here: run `npm run setup`');
  return join(DEBIAN, versions[0], 'bin');
}

/** PostgreSQL refuses root, so the user `postgres` of its package runs it then. */
export function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

/** The address for tests: as `velox`, who is no superuser. */
export const connectionTo = (port: number): pg.PoolConfig => ({
  host: '127.0.0.1',
  port,
  user: 'velox',
  database: 'velox',
});

/** Starts PostgreSQL with an empty database `velox`. `settings` are lines of its configuration. */
export async function startPostgres(...settings: readonly string[]): Promise<EngineProcess> {
  const options = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '--no-sync'];
  const server = await startServer(settings, 'initdb', ['-D', 'data', ...options]);
  await admin(server.port, 'CREATE ROLE velox LOGIN', 'CREATE DATABASE velox OWNER velox');
  return server;
}

/** Starts a standby that streams the changes of the server behind a port. */
export function startStandby(primaryPort: number, ...settings: readonly string[]): Promise<EngineProcess> {
  const from = ['-h', '127.0.0.1', '-p', `${primaryPort}`, '-U', 'postgres'];
  const options = ['-D', 'data', '-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
  return startServer(settings, 'pg_basebackup', [...from, ...options]);
}

/** Starts PostgreSQL on the folder `data` that a program has made. */
function startServer(
  settings: readonly string[],
  maker: 'initdb' | 'pg_basebackup',
  options: readonly string[],
): Promise<EngineProcess> {
  const programs = postgresPrograms();
  const user = postgresUser();
  return EngineProcess.start({
    name: 'postgres',
    program: join(programs, 'postgres'),
    user,
    async prepare(folder) {
      await run(join(programs, maker), [...options], { ...user, cwd: folder });
    },
    args: (port, folder) => [
      ...['-D', join(folder, 'data'), '-p', `${port}`, '-k', folder, '-h', '127.0.0.1'],
      ...[
        'max_connections=200',
        'log_min_messages=fatal',
        'recovery_init_sync_method=syncfs',
        ...settings,
      ].flatMap((line) => ['-c', line]),
    ],
    tooEarly: /shared memory block .* is still in use/, // its children live a little longer than it
    isReady: async (port) => {
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
      client.on('error', () => {});
      try {
        await client.connect();
        return true;
      } catch {
        return false;
      } finally {
        await client.end().catch(() => {});
      }
    },
  });
}

/** Runs statements as superuser. */
export async function admin(port: number, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
