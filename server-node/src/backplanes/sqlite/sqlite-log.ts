import { randomUUID } from 'node:crypto';
import { VeloxError } from '@velox/core/protocol';
import type { Appended, Log, NewRevision, Opened, Place, Revision, Unsubscribe } from '../../cluster/log.js';
import { topicKey } from '../../cluster/topic-key.js';
import { SqliteConnection, type SqliteDatabase } from './connection.js';
import { SqliteWatch } from './sqlite-watch.js';
import { INSERT, IS_SET_UP, SCHEMA, type Row, revisionOf } from './schema.js';

interface WaitingAppend {
  readonly key: string;
  readonly after: Place;
  readonly revisions: readonly NewRevision[];
  readonly resolve: (result: Appended) => void;
  readonly reject: (reason: unknown) => void;
}

/** A log in a file of SQLite. Several processes may have it open. */
export class SqliteLog implements Log {
  readonly #connection: SqliteConnection;
  readonly #isDurable: boolean;
  #ready: Promise<void> | undefined;
  readonly #watch: SqliteWatch;
  /** The appends of this turn of the event loop: they share one transaction. */
  #waiting: WaitingAppend[] = [];

  constructor(database: SqliteDatabase, durable: boolean, pollMs: number) {
    this.#connection = new SqliteConnection(database);
    this.#isDurable = durable;
    this.#prepare().catch(() => {}); // every method tries again, and rejects
    this.#watch = new SqliteWatch(this.#connection, pollMs);
  }

  async open(topic: string, initial: string, from = 1): Promise<Opened> {
    await this.#prepare();
    const key = topicKey(topic);
    return (await this.#connection.read(() => this.#load(key))) ?? (await this.#create(key, initial, from));
  }

  async append(
    topic: string,
    after: Place,
    revisions: readonly NewRevision[],
    within?: unknown,
  ): Promise<Appended> {
    await this.#prepare();
    const key = topicKey(topic);
    if (within !== undefined) return appendWithin(within, key, after, revisions);
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => void this.#appendWaiting());
      this.#waiting.push({ key, after, revisions, resolve, reject });
    });
  }

  async read(topic: string, after: Place): Promise<Revision[] | 'gone' | 'other'> {
    await this.#prepare();
    const key = topicKey(topic);
    return this.#connection.read(() => {
      const head = headOf(this.#connection, key);
      if (!head || head.id !== after.id || after.version > head.version) return 'other';
      if (after.version === head.version) return after.token === head.token ? [] : 'other';
      const rows = this.#rowsAfter(key, after.version);
      if (rows[0]?.version !== after.version + 1) return 'gone';
      return rows[0].previous === after.token ? rows.map((row) => revisionOf(row, head.id)) : 'other';
    });
  }

  async follow(
    topic: string,
    onRevision: (revision: Revision) => void,
    onDoubt: () => void,
  ): Promise<Unsubscribe> {
    await this.#prepare();
    return this.#watch.follow(topicKey(topic), onRevision, onDoubt);
  }

  async heads(topics: readonly string[]): Promise<(Place | undefined)[]> {
    await this.#prepare();
    return this.#connection.read(() => topics.map((topic) => headOf(this.#connection, topicKey(topic))));
  }

  async saveSnapshot(topic: string, at: Place, value: string, keep: number): Promise<boolean> {
    await this.#prepare();
    const key = topicKey(topic);
    const connection = this.#connection;
    return connection.write(() => {
      const head = headOf(connection, key);
      if (head?.id !== at.id || this.#tokenAt(key, at.version, head) !== at.token) return false;
      const sql = `UPDATE velox_snapshot SET version = ?, token = ?, value = ?
        WHERE topic = ? AND version < ? RETURNING version`;
      if (!connection.get(sql, at.version, at.token, value, key, at.version)) return false;
      connection.run('DELETE FROM velox_log WHERE topic = ? AND version <= ?', key, at.version - keep);
      return true;
    });
  }

  async renew(topic: string, id: string): Promise<Place> {
    await this.#prepare();
    const key = topicKey(topic);
    const head = await this.#connection.write(() => {
      this.#connection.run('UPDATE velox_head SET id = ? WHERE topic = ? AND id = ?', randomUUID(), key, id);
      return headOf(this.#connection, key);
    });
    if (!head) throw new VeloxError('not-found', `the log has no topic "${topic}". Open it.`);
    return head;
  }

  async drop(topic: string): Promise<void> {
    await this.#prepare();
    const key = topicKey(topic);
    await this.#connection.write(() => {
      for (const table of ['velox_head', 'velox_snapshot', 'velox_log'])
        this.#connection.run(`DELETE FROM ${table} WHERE topic = ?`, key);
    });
  }

  async run(): Promise<string> {
    await this.#prepare();
    return this.#connection.read(() => runOf(this.#connection));
  }

  close(): void {
    this.#watch.close();
  }

  /** Tries again after a failure: a transaction of another process may have locked the file. */
  #prepare(): Promise<void> {
    return (this.#ready ??= this.#connection
      .prepare(this.#isDurable, SCHEMA, IS_SET_UP)
      .catch((error: unknown) => {
        this.#ready = undefined;
        throw error;
      }));
  }

  async #appendWaiting(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const results = await this.#connection.write(() =>
        waiting.map(({ key, after, revisions }) => appendTo(this.#connection, key, after, revisions)),
      );
      waiting.forEach(({ resolve }, n) => resolve(results[n] as Appended));
      this.#watch.look();
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  #load(key: string): Opened | undefined {
    const connection = this.#connection;
    const head = headOf(connection, key);
    if (!head) return undefined;
    const sql = 'SELECT version, token, value FROM velox_snapshot WHERE topic = ?';
    const { version, token, value } = connection.get(sql, key) as {
      version: number;
      token: string;
      value: string;
    };
    return {
      snapshot: { at: { id: head.id, version, token }, value },
      revisions: this.#rowsAfter(key, version).map((row) => revisionOf(row, head.id)),
      run: runOf(connection),
    };
  }

  #create(key: string, initial: string, from: number): Promise<Opened> {
    return this.#connection.write(() => {
      const token = randomUUID();
      const sql = 'INSERT INTO velox_head VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING topic';
      if (this.#connection.get(sql, key, randomUUID(), from, token))
        this.#connection.run('INSERT INTO velox_snapshot VALUES (?, ?, ?, ?)', key, from, token, initial);
      return this.#load(key) as Opened;
    });
  }

  #rowsAfter(key: string, version: number): Row[] {
    const sql = 'SELECT * FROM velox_log WHERE topic = ? AND version > ? ORDER BY version';
    return this.#connection.all<Row>(sql, key, version);
  }

  #tokenAt(key: string, version: number, head: Place): string | undefined {
    if (version === head.version) return head.token;
    const sql = 'SELECT previous FROM velox_log WHERE topic = ? AND version = ?';
    return this.#connection.get<{ previous: string }>(sql, key, version + 1)?.previous;
  }
}

function headOf(connection: SqliteConnection, key: string): Place | undefined {
  const row = connection.get<Place>('SELECT id, version, token FROM velox_head WHERE topic = ?', key);
  return row && { id: row.id, version: row.version, token: row.token };
}

const runOf = (connection: SqliteConnection): string =>
  (connection.get<{ run: string }>('SELECT run FROM velox_run') as { run: string }).run;

function appendTo(
  connection: SqliteConnection,
  key: string,
  after: Place,
  revisions: readonly NewRevision[],
): Appended {
  const version = after.version + revisions.length;
  const token = revisions.at(-1)?.tag ?? after.token;
  const sql = `UPDATE velox_head SET version = ?, token = ?
    WHERE topic = ? AND id = ? AND version = ? AND token = ? RETURNING version`;
  if (!connection.get(sql, version, token, key, after.id, after.version, after.token))
    return { ok: false, head: headOf(connection, key) };
  revisions.forEach(({ tag, patch }, n) => {
    connection.run(INSERT, key, after.version + n + 1, tag, revisions[n - 1]?.tag ?? after.token, patch);
  });
  return { ok: true, at: { id: after.id, version, token } };
}

/** Appends in a transaction of the application: on its connection, and without an end of its own. */
function appendWithin(
  within: unknown,
  key: string,
  after: Place,
  revisions: readonly NewRevision[],
): Appended {
  const { prepare, isTransaction, inTransaction } = (within ?? {}) as Partial<SqliteDatabase>;
  if (typeof prepare !== 'function')
    throw new VeloxError('bad-option', '`within` is not a connection of SQLite. Pass the database object.');
  if ((isTransaction ?? inTransaction) === false) {
    const text =
      '`within` is in no transaction. Run BEGIN, and wait for all updates before COMMIT or ROLLBACK.';
    throw new VeloxError('bad-option', text);
  }
  const connection = new SqliteConnection(within as SqliteDatabase);
  return connection.step(() => appendTo(connection, key, after, revisions));
}
