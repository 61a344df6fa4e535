import { randomUUID } from 'node:crypto';
import { VeloxError } from '@velox/core/protocol';
import type { Appended, Log, NewRevision, Opened, Place, Revision, Unsubscribe } from '../../cluster/log.js';
import { FanOut } from '../../cluster/fan-out.js';
import { HeadsWatch } from '../../cluster/heads-watch.js';
import { topicKey } from '../../cluster/topic-key.js';
import type { Channels } from './channels.js';
import type { PostgresClient, PostgresPool, PostgresQuery } from './client.js';
import type { Listener } from './listener.js';
import { arraysOf, payloadOf, revisionOf, toRevision, type Row } from './revisions.js';
import * as sql from './statements.js';
import { clientOf, Refusals, type WithinRow } from './within.js';

/** How often heads are compared, in ms: a node that ends between a commit and its notification leaves others without it. */
const CHECK_MS = 2_000;
/** From this length on, a hash stands for a topic in the tables. */
const KEY_LENGTH = 57;
const MISSING_TABLE = '42P01';
const TRANSACTION_ERRORS: Record<string, 'conflict' | 'locked'> = {
  '40001': 'conflict', // serialization failure, at isolation levels above READ COMMITTED
  '40P01': 'conflict', // deadlock
  '55P03': 'locked',
};
/**
 * A value, a right or a resource is missing: the statement was not executed, and another attempt would fail as well. After other errors,
 * such as that of a read-only server in a failover, it may succeed soon.
 */
const REFUSALS = /^(?:22|42(?!P01)|53[12])/;

interface PostgresLogOptions {
  /** The beginning of all channels. */
  readonly prefix: string;
  /** Whether PostgreSQL notifies the nodes of appends. */
  readonly isNotifying: boolean;
  /** Whether a pooler may run each query on another connection, which does not know the statements of the former one. */
  readonly isPooled: boolean;
}

/** A log in PostgreSQL. */
export class PostgresLog implements Log {
  readonly #pool: PostgresPool;
  readonly #listener: Listener;
  readonly #channels: Channels;
  readonly #options: PostgresLogOptions;
  /** The keys that have followers, by their channels. */
  readonly #keys = new Map<string, string>();
  readonly #followers: FanOut<Revision>;
  readonly #watch: HeadsWatch;
  readonly #refusals = new Refusals();
  #ready: Promise<void> | undefined;
  #run = '';

  constructor(pool: PostgresPool, listener: Listener, channels: Channels, options: PostgresLogOptions) {
    this.#pool = pool;
    this.#listener = listener;
    this.#channels = channels;
    this.#options = options;
    this.#followers = new FanOut(
      (key) => {
        const channel = channels.ofKey(key);
        this.#keys.set(channel, key);
        return listener.listen(channel);
      },
      (key) => {
        const channel = channels.ofKey(key);
        this.#keys.delete(channel);
        listener.unlisten(channel);
      },
    );
    this.#watch = new HeadsWatch({
      topics: () => this.#followers.keys(),
      heads: (keys) => this.#heads(keys),
      onDoubt: (key) => this.#followers.doubt(key),
      interval: CHECK_MS,
    });
  }

  async open(topic: string, initial: string, from = 1): Promise<Opened> {
    const key = keyOf(topic);
    const found = await this.#load(key);
    if (found) return found;
    const values = [key, randomUUID(), from, randomUUID(), await this.#knownRun(), initial];
    await this.#rows('velox_create', sql.CREATE, values);
    const created = await this.#load(key);
    if (!created)
      throw new VeloxError('unavailable', `topic "${topic}" was dropped meanwhile. Open it again.`);
    return created;
  }

  async append(
    topic: string,
    after: Place,
    revisions: readonly NewRevision[],
    within?: unknown,
  ): Promise<Appended> {
    const key = keyOf(topic);
    const run = await this.#knownRun(within === undefined ? this.#pool : clientOf(within));
    const found = revisions.map(({ tag, patch }, n): Revision => {
      const at = { id: after.id, version: after.version + n + 1, token: tag };
      return { at, previous: revisions[n - 1]?.tag ?? after.token, tag, patch };
    });
    const at = found.at(-1)?.at ?? after;
    const place = [key, after.id, after.version, after.token, at.token, run];
    if (within !== undefined) {
      const client = clientOf(within);
      const tag = found.at(-1)?.tag;
      const transaction = this.#refusals.transactionOf(client, tag) ?? null;
      const notified = [this.#channels.ofKey(key), found.map(payloadOf)];
      const all = [...place, ...arraysOf(found), ...notified, transaction];
      const [row] = await this.#rows<WithinRow>('velox_within', sql.APPEND_WITHIN, all, client);
      if (row?.isAppended) return { ok: true, at };
      if (row && tag !== undefined) this.#refusals.add(client, tag, row.transaction);
      return { ok: false, head: (await this.#heads([key], client))[0] };
    }
    const [first] = found;
    const isOne = first !== undefined && found.length === 1;
    const values = [...place, ...(isOne ? [first.patch] : arraysOf(found))];
    if (!(await this.#append(topic, values, isOne)))
      return { ok: false, head: (await this.#heads([key]))[0] };
    // After the commit, and not awaited: `HeadsWatch` finds lost ones.
    for (const revision of this.#options.isNotifying ? found : [])
      this.#listener.notify(this.#channels.ofKey(key), payloadOf(revision), 'soon').catch(() => {});
    return { ok: true, at };
  }

  async read(topic: string, after: Place, within?: unknown): Promise<Revision[] | 'gone' | 'other'> {
    type Found = Row & { id: string; head: string; token: string; isOwn: boolean | null };
    const client = within === undefined ? this.#pool : clientOf(within);
    const rows = await this.#rows<Found>('velox_read', sql.READ, [keyOf(topic), after.version], client);
    const [first] = rows;
    if (first?.id !== after.id || after.version > Number(first.head)) return 'other';
    if (after.version === Number(first.head)) return first.token === after.token ? [] : 'other';
    if (Number(first.version) !== after.version + 1) return 'gone';
    if (first.previous !== after.token) return 'other';
    return rows.filter(({ isOwn }) => !isOwn).map((row) => toRevision(row, after.id));
  }

  async follow(
    topic: string,
    onRevision: (revision: Revision) => void,
    onDoubt: () => void,
  ): Promise<Unsubscribe> {
    const end = await this.#followers.add(keyOf(topic), onRevision, onDoubt);
    this.#watch.start();
    return end;
  }

  heads(topics: readonly string[]): Promise<(Place | undefined)[]> {
    return this.#heads(topics.map(keyOf));
  }

  async saveSnapshot(topic: string, at: Place, value: string, keep: number): Promise<boolean> {
    const values = [keyOf(topic), at.id, at.version, at.token, value, keep];
    return (await this.#rows('velox_save', sql.SAVE, values)).length > 0;
  }

  async renew(topic: string, id: string): Promise<Place> {
    const key = keyOf(topic);
    await this.#rows('velox_renew', sql.RENEW, [key, id, randomUUID(), await this.#knownRun()]);
    const [head] = await this.#heads([key]);
    if (!head) throw new VeloxError('not-found', `the log has no topic "${topic}". Open it.`);
    return head;
  }

  async drop(topic: string): Promise<void> {
    await this.#rows('velox_drop', sql.DROP, [keyOf(topic)]);
  }

  async run(client: PostgresClient = this.#pool): Promise<string> {
    const [row] = await this.#rows<{ run: string }>('velox_run', sql.RUN, [], client);
    return (this.#run = (row as { run: string }).run);
  }

  /** Tells the followers of a channel about a notification. */
  tell(channel: string, payload: string): void {
    const key = this.#keys.get(channel);
    if (key === undefined) return;
    const revision = revisionOf(payload);
    if (!revision) return this.#followers.doubt(key);
    this.#watch.heard(key, revision.at);
    this.#followers.tell(key, revision);
  }

  /** After a reconnect another server may answer. */
  doubt(): void {
    this.#run = '';
    this.#followers.doubt();
  }

  close(): void {
    this.#watch.stop();
  }

  /** Creates the missing tables, at the first query and after the database was replaced. */
  async #setUp(): Promise<void> {
    try {
      const { prefix } = this.#options;
      const { rows } = await this.#pool.query({ text: sql.isSetUp(prefix) });
      if (!(rows[0] as { done: boolean }).done) await this.#pool.query({ text: sql.setUp(prefix) });
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  async #append(topic: string, values: unknown[], isOne: boolean): Promise<boolean> {
    try {
      const rows = isOne
        ? await this.#rows('velox_one', sql.APPEND_ONE, values)
        : await this.#rows('velox_many', sql.APPEND_MANY, values);
      return rows.length > 0;
    } catch (error) {
      const { code = '' } = error as { code?: string };
      const kind = TRANSACTION_ERRORS[code];
      if (kind === 'conflict') return false;
      if (kind !== 'locked' && !REFUSALS.test(code)) throw error;
      const held = `a transaction has held topic "${topic}" for 2 s. Commit it earlier.`;
      const text = kind === 'locked' ? held : 'PostgreSQL refuses to append. See the cause.';
      throw new VeloxError('unavailable', text, { cause: error });
    }
  }

  async #load(key: string): Promise<Opened | undefined> {
    type Found = Omit<Row, 'tag' | 'patch'> & { id: string; run: string; token: string; text: string };
    const [first, ...rest] = await this.#rows<Found>('velox_open', sql.OPEN, [key]);
    if (!first) return undefined;
    const at = { id: first.id, version: Number(first.version), token: first.token };
    const revisions = rest.map(({ version, previous, token, text }) =>
      toRevision({ version, previous, tag: token, patch: text }, first.id),
    );
    return { snapshot: { at, value: first.text }, revisions, run: first.run };
  }

  async #heads(keys: readonly string[], client: PostgresClient = this.#pool): Promise<(Place | undefined)[]> {
    const rows = await this.#rows('velox_heads', sql.HEADS, [keys], client);
    type Found = { topic: string; id: string; version: string; token: string };
    const found = new Map(
      (rows as Found[]).map(({ topic, id, version, token }) => [
        topic,
        { id, version: Number(version), token },
      ]),
    );
    return keys.map((key) => found.get(key));
  }

  async #rows<T>(
    name: string,
    text: string,
    values: unknown[],
    client: PostgresClient = this.#pool,
  ): Promise<T[]> {
    await (this.#ready ??= this.#setUp());
    try {
      return (await client.query(this.#query(name, text, values))).rows as T[];
    } catch (error) {
      if ((error as { code?: string }).code === MISSING_TABLE) this.#ready = undefined;
      throw error;
    }
  }

  #query(name: string, text: string, values: unknown[]): PostgresQuery {
    return this.#options.isPooled ? { text, values } : { name, text, values };
  }

  /** The run that heads are marked with. */
  #knownRun(client: PostgresClient = this.#pool): Promise<string> | string {
    return this.#run || this.run(client);
  }
}

const keyOf = (topic: string): string => topicKey(topic, KEY_LENGTH);
