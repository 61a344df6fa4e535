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
  const programs = postgresPrograms();
  const user = postgresUser();
  const server = await EngineProcess.start({
    name: 'postgres',
    program: join(programs, 'postgres'),
    user,
    async prepare(folder) {
      const options = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '--no-sync'];
      await run(join(programs, 'initdb'), ['-D', join(folder, 'data'), ...options], { ...user, cwd: folder });
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
  await admin(server.port, 'CREATE ROLE velox LOGIN', 'CREATE DATABASE velox OWNER velox');
  return server;
}

/** Runs statements as superuser. */
export async function admin(port: number, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
