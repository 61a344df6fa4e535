import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkArgument, expected, VeloxError } from '@velox/core/protocol';
import { mesh, type Grpc } from './backplanes/mesh/index.js';
import { sqlite, type SqliteDatabase } from './backplanes/sqlite/index.js';
import type { Backplane } from './cluster/bus.js';
import { combine } from './cluster/combine.js';
import { attempt } from './diagnostics/maybe-promise.js';
import { onFirstSignal } from './on-first-signal.js';
import { checkOptions } from './options.js';
import { obeyStopOrders, orderStop, STOP_SIGNALS, type StopSignal } from './stop-orders.js';
import { WorkerGroup } from './worker-group.js';

/** How the processes of one machine share their work. */
export interface WorkersOptions {
  /** The module `@grpc/grpc-js`: the processes talk over Unix sockets. */
  readonly grpc: Grpc;
  /** Opens the file of the shared states, with any driver of `@velox/server/sqlite`. Default: `node:sqlite`, which Node has since 22.5. */
  readonly database?: (file: string) => SqliteDatabase;
  /** Where the file and the sockets are. Default: a new folder, which is removed when the primary process ends. */
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
/** How long the workers may take to close at a signal, in ms. Supervisors often wait for less, and longer drains are rare. */
const PATIENCE_MS = 60_000;

/**
 * Runs a server in several processes of this machine, which share one port, and the states of `hub.shared`. A process that dies is
 * replaced; one that ends at its start again and again is given up, with a warning. SIGTERM and SIGINT to the primary process stop the
 * workers, for instance by `closeOnSignal`, and it ends after them.
 *
 * @param serve starts the server of one process
 * @returns in a worker, when `serve` is done; in the primary process, when all workers are started
 * @example
 * await velox.workers({ grpc }, (backplane) => {
 *   const hub = velox.createHub({ backplane })
 *   const server = createServer(hub.handle).listen(3000)
 *   velox.closeOnSignal(hub, server, { onClosed: () => backplane.close() })
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
  if (!cluster.isPrimary) {
    obeyStopOrders();
    return void (await serve(backplaneOf(options)));
  }
  if (!options.database) builtIn(); // the error of each worker would come too late
  const { count = availableParallelism(), folder = temporaryFolder() } = options;
  const environment = { [FOLDER]: folder, [SECRET]: randomBytes(24).toString('base64url') };
  const group = new WorkerGroup(() => cluster.fork(environment));
  group.start(count);
  stopAtSignal(group);
}

/** At a signal, the primary process stops its workers, waits until they have ended, and ends. At a second one, all end immediately. */
function stopAtSignal(group: WorkerGroup): void {
  const end = (): void => {
    group.kill();
    process.exit(1);
  };
  const forget = onFirstSignal(STOP_SIGNALS, (signal) => void stop(signal as StopSignal), end);
  const stop = async (signal: StopSignal): Promise<void> => {
    const timer = setTimeout(() => group.kill(), PATIENCE_MS);
    await group.stop((worker) => orderStop(worker, signal));
    clearTimeout(timer);
    forget();
    // The application may have its own listener, which ends the process.
    if (process.listenerCount(signal) === 0) process.exit();
  };
}

/** A new folder, which is removed when this process ends. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'velox-workers-'));
  process.once('exit', () =>
    attempt(
      () => rmSync(folder, { recursive: true, force: true }),
      () => undefined,
    ),
  );
  return folder;
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
