import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkArgument, expected, VeloxError } from '@velox/core/protocol';
import { mesh, type Grpc } from './backplanes/mesh/index.js';
import { sqlite, type SqliteDatabase } from './backplanes/sqlite/index.js';
import type { Backplane } from './cluster/bus.js';
import { combine } from './cluster/combine.js';
import { checkOptions } from './options.js';
import { Restarts } from './restarts.js';

/** How the processes of one machine share their work. */
export interface WorkersOptions {
  /** The module `@grpc/grpc-js`: the processes talk over Unix sockets. */
  readonly grpc: Grpc;
  /** Opens the file of the shared states, with any driver of `@velox/server/sqlite`. Default: `node:sqlite`, which Node has since 22.5. */
  readonly database?: (file: string) => SqliteDatabase;
  /** Where the file and the sockets are. Default: a new folder, so that shared states end with the primary process. */
  readonly folder?: string;
  /** How many processes serve. Default: one for each core. */
  readonly count?: number;
}

const SERVE = expected(
  'a function that starts the server of one process',
  (value) => typeof value === 'function',
);

/** The settings that the primary process sends to its workers. */
const FOLDER = 'VELOX_WORKERS_FOLDER';
const SECRET = 'VELOX_WORKERS_SECRET';
/**
 * Runs a server in several processes of this machine, which share one port, and the states of `hub.shared`. A process that dies is
 * replaced; one that ends at its start again and again is given up, with a warning.
 *
 * @param serve starts the server of one process
 * @returns in a worker, when `serve` is done; in the primary process, when all workers are started
 * @example
 * await velox.workers({ grpc }, (backplane) => {
 *   const hub = velox.createHub({ backplane })
 *   createServer(hub.handle).listen(3000)
 * })
 * @throws VeloxError `bad-option`, in the primary process also without a database; the error of `serve`.
 */
export async function workers(
  options: WorkersOptions,
  serve: (backplane: Backplane) => unknown,
): Promise<void> {
  checkOptions('workers()', options);
  checkArgument('workers()', 'its second argument', serve, SERVE);
  const { default: cluster } = await import('node:cluster');
  if (!cluster.isPrimary) return void (await serve(backplaneOf(options)));
  const { count = availableParallelism(), folder = mkdtempSync(join(tmpdir(), 'velox-workers-')) } = options;
  if (!options.database) builtIn(); // the error of each worker would come too late
  const environment = { [FOLDER]: folder, [SECRET]: randomBytes(24).toString('base64url') };
  let running = count;
  const start = (restarts: Restarts): void => {
    const started = performance.now();
    const worker = cluster.fork(environment);
    worker.on('exit', (code: number | null, signal: string | null) => {
      const wait = worker.exitedAfterDisconnect ? undefined : restarts.next(performance.now() - started);
      if (wait !== undefined) return void setTimeout(start, wait, restarts);
      running--;
      if (worker.exitedAfterDisconnect) return;
      const end = signal ?? `exit code ${code}`;
      const advice = `a worker ended at its start again and again (${end}), and is not replaced any more. Mend the error that it has shown, and start the program again.`;
      process.emitWarning(`velox: ${advice}`, { type: 'VeloxWarning' });
      if (running === 0) process.exitCode ??= 1;
    });
  };
  for (let n = 0; n < count; n++) start(new Restarts());
}

function backplaneOf({ grpc, database }: WorkersOptions): Backplane {
  const { [FOLDER]: folder = '', [SECRET]: secret = '' } = process.env;
  const open = database ?? builtIn();
  return combine({ log: sqlite(open(join(folder, 'velox.db'))), bus: mesh({ grpc, secret, folder }) });
}

/** Not an import: bundlers would look for a module that Node 20 lacks. */
function builtIn(): (file: string) => SqliteDatabase {
  const sqlite = process.getBuiltinModule('node:sqlite') as
    { DatabaseSync: new (file: string) => SqliteDatabase } | undefined;
  if (!sqlite) {
    const remedy =
      'Pass `database`, such as (file) => new Database(file) of better-sqlite3, or run Node 22.5 or later.';
    throw new VeloxError('bad-option', `workers() has no database. ${remedy}`);
  }
  return (file) => new sqlite.DatabaseSync(file);
}
