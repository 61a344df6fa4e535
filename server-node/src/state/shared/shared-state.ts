import { VeloxError, type Position } from '@velox/core/protocol';
import type { Place } from '../../cluster/log.js';
import type { Recorder } from '../../recording/recorder.js';
import { checkRecipe } from '../check-recipe.js';
import type { DeepReadonly, Snapshot } from '../state.js';
import { Appender } from './appender.js';
import { because, closed, type Engine } from './engine.js';
import { Follower } from './follower.js';
import { checkUpdate, Job, type UpdateOptions } from './job.js';
import { Lane } from './lane.js';
import { SharedValue, type SharedValueOptions } from './shared-value.js';
import { Snapshots, type SnapshotOptions } from './snapshots.js';
import type { Sweep } from './sweep.js';
import { Transactions } from './transactions.js';

/** How a shared state is kept and delivered. */
export interface SharedStateOptions extends SharedValueOptions, SnapshotOptions {}

/** A state that many servers share: its value lives in the log of the backplane, and each node has a copy. */
export interface SharedState<T> {
  readonly topic: string;
  /**
   * The value as this node has it; until it is loaded, the initial value. Only read it and keep no reference, because it changes in place.
   */
  get(): DeepReadonly<T>;
  /** How far this node is: version 0 until the value is loaded. */
  position(): Position;
  /**
   * Changes the value by a recipe that mutates a draft of it, or returns a new value. The recipe must be pure, because it runs again
   * if another node was faster; in development it always runs twice. Updates that wait for each other leave as one revision.
   *
   * @example await stock.update((draft) => { draft.count -= 1 })
   * @returns the position of the update, when it is in the log and visible here
   * @throws the error that the recipe throws; VeloxError `unavailable` (nothing has changed), `in-doubt` (it may have), `closed`,
   * `too-large`, `not-supported`, the error of the engine (within a transaction: roll it back), and as `State.update`
   */
  update(recipe: (draft: T) => T | void, options?: UpdateOptions): Promise<Position>;
  /** Makes the value equal `next` as it is at the call. Otherwise as `update`. */
  set(next: T, options?: UpdateOptions): Promise<Position>;
  /**
   * Resolves when this node has a position that any node has reached: a client's write elsewhere is visible here then.
   *
   * @throws VeloxError `unavailable` if that takes longer than 10 s.
   */
  reached(position: Position): Promise<void>;
  /** The value and its position, a copy, once it is loaded; on the client it is `initial`. */
  snapshot(): Promise<Snapshot<T>>;
}

/** How long a value is waited for, in ms. */
const VALUE_MS = 10_000;

/** One topic of the log on one node. */
export class SharedTopic<T> implements SharedState<T> {
  readonly topic: string;
  readonly value: SharedValue<T>;
  readonly #follower: Follower<T>;
  readonly #appender: Appender<T>;
  /** Creates the appender of one transaction of the application. */
  readonly #createWithin: () => Appender<T>;
  readonly #within = new Set<Appender<T>>();
  readonly #sweep: Sweep;
  readonly #whenLoaded: Promise<void>;
  #isClosed = false;

  /**
   * @param onLoaded called when the value is loaded for the first time
   * @throws VeloxError `not-json`, `too-deep`.
   */
  constructor(
    topic: string,
    initial: T,
    options: SharedStateOptions,
    engine: Engine,
    sweep: Sweep,
    onLoaded: () => void,
  ) {
    this.topic = topic;
    this.value = new SharedValue(initial, options);
    this.#sweep = sweep;
    const lane = new Lane();
    let loaded = (): void => undefined;
    this.#whenLoaded = new Promise((resolve) => (loaded = resolve));
    const snapshots = new Snapshots(topic, this.value, engine, options);
    const onAppended = (at: Place, patch: string): void => snapshots.onAppended(at, patch);
    const follower: Follower<T> = (this.#follower = new Follower(topic, this.value, engine, {
      lane,
      onLoaded: ({ revisions }) => {
        loaded();
        onLoaded();
        snapshots.onLoaded(revisions.length);
      },
      onRevision: (revision) => {
        if (transactions.onRevision(revision)) onAppended(revision.at, revision.patch);
      },
      onSnapshotLost: () => snapshots.onLost(),
      onDoubt: () => sweep.doubt(),
      onTrouble: () => sweep.trouble(),
    }));
    const transactions = new Transactions(topic, engine, follower);
    const host = { topic, value: this.value, engine, follower, lane, transactions, onAppended };
    this.#appender = new Appender(host);
    // A transaction holds a connection, perhaps the last one, so it does not wait for an append that needs a connection. It waits for
    // another transaction in the engine alone, which sees a deadlock then.
    this.#createWithin = () => new Appender({ ...host, lane: new Lane() });
    sweep.add(follower);
    void follower.catchUp().catch(() => undefined); // the value is stale then, and the sweep tries again
  }

  get(): DeepReadonly<T> {
    return this.value.get();
  }

  position(): Position {
    return this.value.position();
  }

  async update(recipe: (draft: T) => T | void, options: UpdateOptions = {}): Promise<Position> {
    checkRecipe(recipe);
    return this.#add((recorder) => recorder.update(recipe), options);
  }

  async set(next: T, options: UpdateOptions = {}): Promise<Position> {
    const given = this.value.copy(next); // the change is made later, perhaps repeatedly
    return this.#add((recorder) => recorder.reconcile(given), options);
  }

  async reached(position: Position): Promise<void> {
    const ends = performance.now() + VALUE_MS;
    for (let wait = 10; !this.#has(position); wait = Math.min(wait * 2, 1_000)) {
      if (this.#isClosed) throw closed();
      try {
        await this.#follower.catchUp();
        // The log has another epoch, so the position is outdated.
        if (this.position().id !== position.id) return;
        if (this.#has(position)) return;
      } catch {
        // The engine fails; it may come back.
      }
      if (performance.now() + wait > ends) throw late(this.topic, this.#follower.lastError);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  async snapshot(): Promise<Snapshot<T>> {
    let timer: NodeJS.Timeout | undefined;
    const isLate = new Promise((_, reject) => {
      timer = setTimeout(() => reject(late(this.topic, this.#follower.lastError)), VALUE_MS);
    });
    try {
      await Promise.race([this.#whenLoaded, isLate]);
    } finally {
      clearTimeout(timer);
    }
    return { ...this.position(), body: JSON.parse(this.value.text()) as T };
  }

  /** Resolves when the value is loaded. */
  get whenLoaded(): Promise<void> {
    return this.#whenLoaded;
  }

  /** Stops following the log. Updates that wait fail. */
  close(): void {
    this.#isClosed = true;
    this.#sweep.delete(this.#follower);
    this.#appender.close();
    for (const appender of this.#within) appender.close();
    this.#follower.close();
  }

  async #add(run: (recorder: Recorder<T>) => void, options: UpdateOptions): Promise<Position> {
    checkUpdate(options);
    const job = new Job(run, options, this.topic);
    return options.within === undefined ? this.#appender.add(job) : this.#addWithin(job);
  }

  async #addWithin(job: Job<T>): Promise<Position> {
    if (this.#isClosed) throw closed();
    const appender = this.#createWithin();
    this.#within.add(appender);
    try {
      return await appender.add(job);
    } finally {
      this.#within.delete(appender);
    }
  }

  #has({ id, version }: Position): boolean {
    const position = this.position();
    return position.id === id && position.version >= version;
  }
}

const late = (topic: string, cause: unknown): VeloxError =>
  new VeloxError(
    'unavailable',
    `the value of "${topic}" is not available in time. Check the engine of the backplane.`,
    because(cause),
  );
