import { setTimeout as sleep } from 'node:timers/promises';
import { VeloxError } from '@velox/core/protocol';

/** The part of a prepared statement that is used. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): unknown;
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
}
/** The part of a database that is used: `DatabaseSync` of node:sqlite, `Database` of better-sqlite3, libsql or bun:sqlite. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  /** Whether a transaction is open, if the library tells: node:sqlite. */
  readonly isTransaction?: boolean;
  /** The same in the other libraries. */
  readonly inTransaction?: boolean;
}
export type SqliteValue = string | number;

/** For how long a call waits for other writers, in ms. */
const PATIENCE_MS = 10_000;
/** SQLite blocks other tasks while it waits, so it waits only this long, in ms. */
const BUSY_MS = 5;

/** A connection whose calls wait until no other connection writes. */
export class SqliteConnection {
  readonly #database: SqliteDatabase;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** Sets the connection up and creates missing tables. Tables that exist need no lock, which another connection may hold for long. */
  async prepare(durable: boolean, schema: string, isSetUp: string): Promise<void> {
    await this.#patiently(() => {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
      this.#database.exec('PRAGMA journal_mode = WAL');
      this.#database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
    });
    if (!(await this.read(() => this.get(isSetUp)))) await this.write(() => this.#database.exec(schema));
  }

  run(sql: string, ...values: SqliteValue[]): void {
    this.#statement(sql).run(...values);
  }

  /** The first row. bun:sqlite answers null if there is none, the others undefined. */
  get<Row>(sql: string, ...values: SqliteValue[]): Row | undefined {
    return (this.#statement(sql).get(...values) as Row | null | undefined) ?? undefined;
  }

  all<Row>(sql: string, ...values: SqliteValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Runs `body` in one transaction that writes. It may be called again, if another connection held the lock. */
  write<T>(body: () => T): Promise<T> {
    return this.#patiently(() => this.#transact('BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK', body));
  }

  /** Runs `body` in one transaction that only reads, so that all its queries see the same moment. */
  read<T>(body: () => T): Promise<T> {
    return this.#patiently(() => this.#transact('BEGIN', 'COMMIT', 'ROLLBACK', body));
  }

  /** Runs `body` as one step of the transaction that the connection is in. */
  step<T>(body: () => T): T {
    return this.#transact('SAVEPOINT velox', 'RELEASE velox', 'ROLLBACK TO velox; RELEASE velox', body);
  }

  #transact<T>(begin: string, commit: string, undo: string, body: () => T): T {
    this.#database.exec(begin);
    try {
      const result = body();
      this.#database.exec(commit);
      return result;
    } catch (error) {
      try {
        this.#database.exec(undo);
      } catch {
        // SQLite has ended the transaction itself, for instance because the disk is full.
      }
      throw error;
    }
  }

  /** Tries again while the database is locked, and lets other tasks run meanwhile. */
  async #patiently<T>(call: () => T): Promise<T> {
    const end = performance.now() + PATIENCE_MS;
    for (let delay = 1; ; delay = Math.min(2 * delay, 16)) {
      try {
        return call();
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (performance.now() > end) throw locked(error);
      }
      await sleep(Math.random() * delay);
    }
  }

  #statement(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}

const locked = (cause: unknown): VeloxError =>
  new VeloxError(
    'unavailable',
    `a transaction has locked the SQLite file for ${PATIENCE_MS} ms. Commit it earlier.`,
    { cause },
  );

/** Each library names the error of a locked database in its own way. */
function isBusy(error: unknown): boolean {
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  return (
    errcode === 5 || String(code).startsWith('SQLITE_BUSY') || /database is locked/.test(String(message))
  );
}
