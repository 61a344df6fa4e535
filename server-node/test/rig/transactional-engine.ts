import { memory } from '../../src/backplanes/memory/index.js';
import type { Appended, Log, NewRevision, Place, Revision } from '../../src/cluster/log.js';
import { interceptable, type Interceptable } from './log-calls.js';

/**
 * An engine in memory with transactions, like PostgreSQL behind a pool: each query takes a connection, and each transaction holds one.
 * A transaction also holds the topics that it has appended to.
 */
export class TransactionalEngine {
  readonly backplane: Interceptable;
  /** The versions of the snapshots that were saved. */
  readonly saved: number[] = [];
  /** Whether followers hear of revisions. */
  isHeard = true;
  /** After how many ms they do; 0: immediately. */
  hearingMs = 0;
  readonly #log: Log;
  readonly #free: Connection[];
  readonly #queue: ((connection: Connection) => void)[] = [];
  readonly #holders = new Map<string, Connection>();

  constructor(connections: number) {
    const engine = memory();
    this.#log = engine.log;
    this.#free = Array.from({ length: connections }, () => new Connection(this, engine.log));
    this.backplane = interceptable(engine);
    const { intercept } = this.backplane;
    intercept.run = (genuine) => this.#query(() => genuine());
    intercept.heads = (genuine, topics) => this.#query(() => genuine(topics));
    intercept.open = (genuine, ...args) => this.#query(() => genuine(...args));
    intercept.read = (genuine, topic, after, within) =>
      within === undefined
        ? this.#query(() => genuine(topic, after))
        : (within as Connection).read(topic, after);
    intercept.append = (genuine, topic, after, revisions, within) =>
      within === undefined
        ? this.#query(async () => {
            await this.hold(topic, undefined);
            return genuine(topic, after, revisions);
          })
        : (within as Connection).append(topic, after, revisions);
    intercept.saveSnapshot = async (genuine, topic, at, ...args) => {
      const isSaved = await this.#query(() => genuine(topic, at, ...args));
      if (isSaved) this.saved.push(at.version);
      return isSaved;
    };
    intercept.follow = (genuine, topic, onRevision, onDoubt) =>
      genuine(topic, (revision) => this.#tell(() => onRevision(revision)), onDoubt);
  }

  /** Begins a transaction, on a connection that no other query has. */
  begin(): Promise<Connection> {
    const connection = this.#free.pop();
    return connection ? Promise.resolve(connection) : new Promise((resolve) => this.#queue.push(resolve));
  }

  /** Takes back a connection and the topics that it holds. */
  release(connection: Connection): void {
    for (const [topic, holder] of this.#holders) if (holder === connection) this.#holders.delete(topic);
    const next = this.#queue.shift();
    if (next) next(connection);
    else this.#free.push(connection);
  }

  /** Waits until no other transaction holds the topic. */
  async hold(topic: string, connection: Connection | undefined): Promise<void> {
    while (this.#holders.has(topic) && this.#holders.get(topic) !== connection)
      await new Promise((resolve) => setTimeout(resolve, 1));
    if (connection) this.#holders.set(topic, connection);
  }

  /** Appends a revision, as another program does. */
  async append(topic: string, patch: string): Promise<void> {
    const [head] = (await this.#log.heads([topic])) as [Place];
    await this.#log.append(topic, head, [{ tag: `other-${head.version}`, patch }]);
  }

  #tell(listener: () => void): void {
    if (!this.isHeard) return;
    if (this.hearingMs > 0) setTimeout(listener, this.hearingMs);
    else listener();
  }

  async #query<R>(run: () => Promise<R>): Promise<R> {
    const connection = await this.begin();
    try {
      return await run();
    } finally {
      this.release(connection);
    }
  }
}

/** A connection in a transaction: the value of `within`. It reads committed revisions, and appends to its own. */
export class Connection {
  /** Lets its queries fail. */
  failure: Error | undefined;
  readonly #engine: TransactionalEngine;
  readonly #log: Log;
  #appended: { readonly topic: string; readonly after: Place; readonly revision: Revision }[] = [];

  constructor(engine: TransactionalEngine, log: Log) {
    this.#engine = engine;
    this.#log = log;
  }

  async read(topic: string, after: Place): Promise<Revision[] | 'gone' | 'other'> {
    if (this.failure) throw this.failure;
    return this.#log.read(topic, after);
  }

  async append(topic: string, after: Place, revisions: readonly NewRevision[]): Promise<Appended> {
    if (this.failure) throw this.failure;
    await this.#engine.hold(topic, this);
    const [committed] = await this.#log.heads([topic]);
    let head: Place = this.#own(topic).at(-1)?.at ?? (committed as Place);
    if (head.version !== after.version || head.token !== after.token) return { ok: false, head };
    for (const { tag, patch } of revisions) {
      const at = { id: head.id, version: head.version + 1, token: tag };
      this.#appended.push({ topic, after: head, revision: { at, previous: head.token, tag, patch } });
      head = at;
    }
    return { ok: true, at: head };
  }

  async commit(): Promise<void> {
    for (const { topic, after, revision } of this.#appended) await this.#log.append(topic, after, [revision]);
    await this.rollback();
  }

  /** Ends the transaction. */
  rollback(): Promise<void> {
    this.#appended = [];
    this.failure = undefined;
    this.#engine.release(this);
    return Promise.resolve();
  }

  #own(topic: string): Revision[] {
    return this.#appended.filter((each) => each.topic === topic).map(({ revision }) => revision);
  }
}
