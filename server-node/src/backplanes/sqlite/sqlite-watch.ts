import { LONGEST_TIMER_MS } from '@velox/core/protocol';
import { FanOut } from '../../cluster/fan-out.js';
import type { Revision, Unsubscribe } from '../../cluster/log.js';
import { report } from '../../cluster/report.js';
import type { SqliteConnection } from './connection.js';
import { revisionOf, type Row } from './schema.js';

/** How many revisions are fetched together. */
const BATCH = 500;

/** Tells the followers of a process about new revisions. SQLite notifies no other process, so it looks for changes of the file. */
export class SqliteWatch {
  readonly #connection: SqliteConnection;
  readonly #pollMs: number;
  readonly #followers = new FanOut<Revision>();
  #timer: NodeJS.Timeout | undefined;
  #started: Promise<void> | undefined;
  /** Counts starts and ends: a start that was overtaken by an end sets no timer. */
  #epoch = 0;
  /** SQLite's count of the changes by other connections. */
  #dataVersion = -1;
  /** The revisions up to here were reported. */
  #seq = 0;
  #hasFailed = false;
  /** `again`: check once more, because something was written during the check. */
  #looks: 'none' | 'one' | 'again' = 'none';

  constructor(connection: SqliteConnection, pollMs: number) {
    this.#connection = connection;
    this.#pollMs = Math.min(pollMs, LONGEST_TIMER_MS);
  }

  async follow(
    key: string,
    onRevision: (revision: Revision) => void,
    onDoubt: () => void,
  ): Promise<Unsubscribe> {
    // Before the start, during which the last other follower may leave.
    const end = await this.#followers.add(key, onRevision, onDoubt);
    const leave = (): void => {
      end();
      if (this.#followers.keys().length === 0) this.close();
    };
    try {
      await (this.#started ??= this.#start());
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  /** Looks for new revisions, after an append of this process. */
  look(): void {
    if (this.#timer === undefined) return;
    const isIdle = this.#looks === 'none';
    this.#looks = isIdle ? 'one' : 'again';
    // In a separate task, so that appends resolve first and share one check.
    if (isIdle) setImmediate(() => void this.#tell());
  }

  close(): void {
    this.#epoch++;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#started = undefined;
  }

  async #start(): Promise<void> {
    const epoch = ++this.#epoch;
    try {
      const seq = await this.#connection.read(() => this.#lastSeq());
      if (this.#epoch !== epoch) return;
      this.#seq = seq;
      this.#timer = setInterval(() => this.#poll(), this.#pollMs).unref();
    } catch (error) {
      if (this.#epoch === epoch) this.#started = undefined;
      throw error;
    }
  }

  #poll(): void {
    try {
      const row = this.#connection.get<{ data_version: number }>('PRAGMA data_version');
      if (row?.data_version === this.#dataVersion) return;
      this.#dataVersion = row?.data_version ?? -1;
      this.look();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #tell(): Promise<void> {
    try {
      while (this.#looks !== 'none') {
        this.#looks = 'one';
        while (await this.#tellBatch());
        this.#hasFailed = false;
        if ((this.#looks as string) === 'one') this.#looks = 'none';
      }
    } catch (error) {
      this.#looks = 'none';
      this.#failed(error);
    }
  }

  /** The file could not be read. Reports the first of failures that follow each other, since polls are frequent. */
  #failed(error: unknown): void {
    if (this.#started === undefined) return;
    this.#dataVersion = -1; // the next poll looks again
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    report(error);
    this.#followers.doubt();
  }

  /** Returns whether there may be more. */
  async #tellBatch(): Promise<boolean> {
    const from = this.#seq;
    const { found, last } = await this.#connection.read(() => {
      const sql = `SELECT seq, l.topic, l.version, tag, previous, patch, id FROM velox_log l JOIN velox_head h USING (topic)
        WHERE seq > ? ORDER BY seq LIMIT ${BATCH}`;
      return {
        found: this.#connection.all<Row & { id: string }>(sql, from),
        last: this.#lastSeq(),
      };
    });
    const isFull = found.length === BATCH;
    this.#seq = isFull ? (found.at(-1) as Row).seq : last;
    for (const row of found) this.#followers.tell(row.topic, revisionOf(row, row.id));
    // A number is missing if its revision was removed meanwhile.
    if (found.length < this.#seq - from) this.#followers.doubt();
    return isFull;
  }

  #lastSeq(): number {
    const sql = `SELECT seq FROM sqlite_sequence WHERE name = 'velox_log'`;
    return this.#connection.get<{ seq: number }>(sql)?.seq ?? 0;
  }
}
