import { isVeloxError, VeloxError } from '@velox/core/protocol';
import type { Opened, Place, Revision } from '../../cluster/log.js';
import type { Engine } from './engine.js';
import type { Lane } from './lane.js';
import { LogSubscription } from './log-subscription.js';
import { headOf, relate, type Relation } from './relate.js';
import { Rounds } from './rounds.js';
import type { SharedValue } from './shared-value.js';

/** How long the holders of a topic may take to mark or heal it after the engine has restarted, in ms. */
const GRACE_MS = 1_000;
/** How often in a row the log may change while it is compared. */
const MOST_COMPARISONS = 10;

/** The surroundings of a follower. */
export interface FollowerHost {
  /** One append of the topic at a time. */
  readonly lane: Lane;
  /** The value was loaded for the first time. */
  readonly onLoaded: (opened: Opened) => void;
  /** The value includes a revision that it did not have. */
  readonly onRevision: (revision: Revision) => void;
  /** The log has lost the snapshot of the topic. */
  readonly onSnapshotLost: () => void;
  /** Revisions of any topic may have been missed. */
  readonly onDoubt: () => void;
  /** The engine failed: the topic is to be compared again. */
  readonly onTrouble: () => void;
}

/** Keeps the value of one topic equal to its log. */
export class Follower<T> {
  readonly #topic: string;
  readonly #value: SharedValue<T>;
  readonly #engine: Engine;
  readonly #host: FollowerHost;
  readonly #rounds = new Rounds(() => this.#round());
  readonly #subscription: LogSubscription;
  /** The run of the engine in which the head was last known to be marked. */
  #run: string | undefined;
  /** Whether the value is to be loaded again, though it has the place of the log. */
  #isBroken = false;
  #lastError: unknown;
  #isClosed = false;

  constructor(topic: string, value: SharedValue<T>, engine: Engine, host: FollowerHost) {
    this.#topic = topic;
    this.#value = value;
    this.#engine = engine;
    this.#host = host;
    this.#subscription = new LogSubscription(topic, engine, {
      onRevision: (revision) => this.#hear(revision),
      onDoubt: () => host.onDoubt(),
    });
  }

  get topic(): string {
    return this.#topic;
  }

  /** The place of the value; undefined until it is loaded. */
  get place(): Place | undefined {
    return this.#value.isLoaded ? this.#value.place : undefined;
  }

  /** Resolves when the value includes all that was in the log at the call. Rejects if the engine fails. */
  catchUp(): Promise<void> {
    return this.#rounds.run();
  }

  /** As `catchUp`, but loads the value again, because it may be broken. */
  reload(): Promise<void> {
    this.#isBroken = true;
    return this.catchUp();
  }

  /** Returns whether the value includes the revisions now. If one of them does not fit, the value has to be loaded again. */
  receive(revisions: readonly Revision[]): boolean {
    try {
      return revisions.every((revision) => this.#take(revision));
    } catch (error) {
      if (this.#value.stale === undefined) {
        this.#engine.observer.log('error', 'revision does not fit', { topic: this.#topic, error });
      }
      return false;
    }
  }

  /**
   * Takes the head of the log, and catches up if the value has another one.
   *
   * @param asked the place of the value when the question was sent
   * @param run the run of the engine
   */
  compare(asked: Place | undefined, head: Place | undefined, run: string): void {
    const { place, recent } = this.#value;
    const isConsistent =
      asked !== undefined &&
      head?.id === place.id &&
      head.version >= asked.version &&
      recent.at(head.version)?.token === head.token;
    if (!isConsistent) return this.#catchUpSoon();
    this.#setStale(undefined);
    if (run !== this.#run) void this.#confirm(run).catch(() => this.#host.onTrouble());
  }

  /** The engine did not answer. */
  fail(error: unknown): void {
    if (!this.#isClosed) this.#setStale('unavailable', error);
  }

  /** Why the last comparison with the log failed; undefined: it did not. */
  get lastError(): unknown {
    return this.#lastError;
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription.close();
  }

  async #round(): Promise<void> {
    try {
      await this.#reconcile();
      this.#setStale(undefined);
    } catch (error) {
      if (!this.#isClosed) this.#failed(error);
      throw error;
    }
  }

  #failed(error: unknown): void {
    const isBroken = isVeloxError(error, 'bad-patch') || isVeloxError(error, 'unsafe-key');
    this.#setStale(isBroken ? error.code : 'unavailable', error);
    this.#host.onTrouble();
  }

  #setStale(code: string | undefined, error?: unknown): void {
    if (code !== undefined && this.#value.stale === undefined)
      this.#engine.observer.log('warn', 'topic is stale', { topic: this.#topic, error });
    this.#lastError = error;
    this.#value.setStale(code);
  }

  async #reconcile(): Promise<void> {
    await this.#subscription.open(); // before the value is loaded, so that later appends are heard
    const value = this.#value;
    if (!value.isLoaded) return this.#load();
    if (!this.#isBroken) {
      const { place } = value;
      const read = await this.#engine.ask((log) => log.read(this.#topic, place));
      if (Array.isArray(read) && this.receive(read)) return;
    }
    await this.#settle();
    this.#isBroken = false;
  }

  #take(revision: Revision): boolean {
    const received = this.#value.receive(revision);
    if (received === 'applied') this.#host.onRevision(revision);
    return received !== 'gap';
  }

  #hear(revision: Revision): void {
    if (!this.#value.isLoaded || !this.receive([revision])) this.#catchUpSoon();
  }

  #catchUpSoon(): void {
    void this.catchUp().catch(() => undefined); // `#failed` has reported it
  }

  async #load(): Promise<void> {
    let opened = await this.#open(1);
    // An engine that was restarted may have lost revisions that clients have seen. Nodes that hold the topic have them.
    if (!this.#engine.isDurable && !(await this.#isMarked(opened))) {
      await new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref());
      opened = await this.#open(1);
      if (!(await this.#isMarked(opened))) {
        const { id } = headOf(opened);
        await this.#engine.ask((log) => log.renew(this.#topic, id));
        opened = await this.#open(1);
        this.#report(opened, [], false);
      }
    }
    this.#value.load(opened);
    this.#run = opened.run;
    this.#host.onLoaded(opened);
  }

  /** Whether the head was written or confirmed in the present run of the engine. */
  async #isMarked({ run }: Opened): Promise<boolean> {
    return run === (await this.#engine.ask((log) => log.run()));
  }

  /** Marks the head as confirmed in the present run of the engine: a node that loads the topic need not wait then. */
  async #confirm(run: string): Promise<void> {
    const result = await this.#host.lane.run(() => {
      const { place } = this.#value;
      return this.#engine.ask((log) => log.append(this.#topic, place, []));
    });
    if (!result.ok) return;
    this.#run = run;
    const isLoadable = await this.#engine.ask(async (log) => (await log.isLoadable?.(this.#topic)) ?? true);
    if (!isLoadable) this.#host.onSnapshotLost();
  }

  /** The log does not go on from the value: finds out why, and makes both equal. */
  async #settle(): Promise<void> {
    const value = this.#value;
    // Kept because a snapshot may hide the revisions of a fork once a new epoch has begun.
    let lost: readonly Revision[] | undefined;
    for (let comparison = 0; comparison < MOST_COMPARISONS; comparison++) {
      const opened = await this.#open(value.place.version + 1);
      const relation = relate(value.recent, opened);
      if (relation.is === 'behind') {
        if (await this.#heal(relation)) return;
      } else if (relation.is === 'fork' || this.#isSuspect(relation, opened)) {
        const { id } = value.place;
        if (relation.is === 'fork') lost = relation.lost;
        await this.#engine.ask((log) => log.renew(this.#topic, id));
      } else {
        value.load(opened);
        this.#run = opened.run;
        for (const revision of opened.revisions) this.#host.onRevision(revision);
        if (relation.is !== 'renewed') return;
        const isCertain = lost !== undefined || relation.isCertain;
        return this.#report(opened, lost ?? relation.lost, isCertain);
      }
    }
    throw new VeloxError(
      'unavailable',
      `the log of "${this.#topic}" changes all the time. Check its engine.`,
    );
  }

  /**
   * Whether the log may have lost revisions in a restart and then grown past them, so that no version shows
   * the loss.
   */
  #isSuspect(relation: Relation, { run }: Opened): boolean {
    return relation.is === 'forward' && !relation.isCertain && !this.#engine.isDurable && run !== this.#run;
  }

  /** Appends the revisions that the log has lost. Returns whether the log is now as the value is. */
  async #heal({ after, missing }: Relation & { readonly is: 'behind' }): Promise<boolean> {
    const result = await this.#host.lane.run(() =>
      this.#engine.ask((log) =>
        log.append(
          this.#topic,
          after,
          missing.map(({ tag, patch }) => ({ tag, patch })),
        ),
      ),
    );
    if (!result.ok) return false;
    const fields = { topic: this.#topic, from: after.version, revisions: missing.length };
    this.#engine.observer.log('warn', 'log healed', fields);
    this.#engine.observer.publish('heal', () => fields);
    return result.at.token === missing.at(-1)?.at.token;
  }

  #open(from: number): Promise<Opened> {
    const initial = this.#value.text();
    return this.#engine.ask((log) => log.open(this.#topic, initial, from));
  }

  /**
   * Reports that the topic has a new epoch.
   *
   * @param isCertain whether `lost` is all that this node has lost
   */
  #report(opened: Opened, lost: readonly Revision[], isCertain: boolean): void {
    const { id, version } = headOf(opened);
    const { observer } = this.#engine;
    const fields = { topic: this.#topic, id, version, isCertain };
    const level = lost.length > 0 ? 'error' : 'warn';
    observer.log(level, 'topic renewed', { ...fields, lost: { topic: this.#topic, revisions: lost.length } });
    observer.publish('renew', () => ({ ...fields, lost: { topic: this.#topic, revisions: lost } }));
  }
}
