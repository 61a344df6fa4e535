/** @velox/server/sqlite: shared states in a file of SQLite, for one process or several of one machine. */
import { checkArgument, checkGiven, expected, option, type Checks } from '@velox/core/protocol';
import type { LogPart } from '../../cluster/bus.js';
import type { SqliteDatabase } from './connection.js';
import { SqliteLog } from './sqlite-log.js';

export type { SqliteDatabase, SqliteStatement, SqliteValue } from './connection.js';

export interface SqliteOptions {
  /**
   * Whether each append waits until the disk has it (`synchronous = FULL`). Default false: a process that is killed loses nothing. A power
   * cut loses the appends that the system has not written to disk, which may be those of 30 s, and no server notices it.
   */
  readonly durable?: boolean;
  /** How often the file is checked for revisions of other processes, in ms. Default 20. */
  readonly poll?: number;
}

const DATABASE = expected('a connection, such as new DatabaseSync(file) of node:sqlite', (value) => {
  const { exec, prepare } = Object(value) as Partial<SqliteDatabase>;
  return typeof exec === 'function' && typeof prepare === 'function';
});

const OPTIONS: Checks<SqliteOptions> = { durable: option.flag, poll: option.some };

/**
 * Keeps shared states in a file of SQLite, in write-ahead mode. `within` takes another connection to the same file, in a transaction.
 *
 * @param database a connection that nothing else uses: `new DatabaseSync(file)` of node:sqlite, or `new Database(file)` of
 * better-sqlite3, libsql or bun:sqlite. `close` leaves it open.
 *
 * @example
 * createHub({ backplane: combine({ log: sqlite(new DatabaseSync('velox.db')), bus: mesh({ … }) }) });
 */
export function sqlite(database: SqliteDatabase, options: SqliteOptions = {}): LogPart {
  checkGiven('sqlite()', options, OPTIONS);
  checkArgument('sqlite()', 'a database', database, DATABASE);
  const { durable = false, poll = 20 } = options;
  const log = new SqliteLog(database, durable, poll);
  return {
    log,
    durable,
    shared: true,
    close() {
      log.close();
      return Promise.resolve();
    },
  };
}
