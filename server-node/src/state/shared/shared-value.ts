import type { Budget, Position } from '@velox/core/protocol';
import type { Opened, Place, Revision } from '../../cluster/log.js';
import { copyIn } from '../../recording/copy.js';
import { rowKeys, type KeyOption, type RowKeys } from '../../recording/diff/row-key.js';
import { createRecorder, type Recorder } from '../../recording/recorder.js';
import type { Cause } from '../cause.js';
import { Delivery, type Deliverable } from '../delivery.js';
import type { DeepReadonly } from '../state.js';
import type { RevisionListener, Versioned } from '../versioned.js';
import { applyInPlace } from './apply-in-place.js';
import { RecentRevisions } from './recent-revisions.js';

/** How a value takes and delivers its revisions. */
export interface SharedValueOptions {
  /** What identifies a row of a list in `set`; default: its `id`, `key` or `_id`. */
  readonly key?: KeyOption | undefined;
  /** Least time between two deliveries in ms; default 0: each tick delivers. */
  readonly throttle?: number;
}

/** The result of taking a revision: applied now, applied before, or it does not follow on the value. */
export type Received = 'applied' | 'known' | 'gap';

/** A revision on its way to the log, and the causes of its changes. */
export interface Attempted {
  readonly tag: string;
  readonly causes: readonly Cause[];
}

/** Stands for the position of a value that was not loaded. */
const NOWHERE: Place = { id: '', version: 0, token: '' };

/** A node's copy of a topic's value. It moves by revisions of the log and by nothing else, so there is nothing to undo. */
export class SharedValue<T> implements Versioned, Deliverable {
  readonly #keys: RowKeys;
  readonly #delivery: Delivery;
  /** The node's own revisions on their way to the log: one, and one within a transaction. The log may tell of them before it answers. */
  readonly attempted: Set<Attempted> = new Set();
  #recorder: Recorder<T>;
  #recent = new RecentRevisions(NOWHERE);
  #text: string | undefined;
  #delivered: Place | undefined;
  #stale: string | undefined;

  /**
   * @param initial the value until the first `load`, and of a topic that the log does not have
   * @throws VeloxError `not-json`, `too-deep`.
   */
  constructor(initial: T, options: SharedValueOptions = {}) {
    this.#keys = rowKeys(options.key);
    this.#recorder = this.#record(initial);
    this.#delivery = new Delivery(options.throttle ?? 0, this);
  }

  /** Whether the value was loaded from the log. */
  get isLoaded(): boolean {
    return this.place !== NOWHERE;
  }

  /** The place of the newest revision in the log that the value includes. */
  get place(): Place {
    return this.#recent.head;
  }

  /** The newest revisions. */
  get recent(): RecentRevisions {
    return this.#recent;
  }

  /** The value as it is now. Only read it and keep no reference, because it changes in place. */
  get(): DeepReadonly<T> {
    return this.#recorder.value as DeepReadonly<T>;
  }

  /**
   * Returns a copy of a value for a later change; its rows have the keys of the rows that they are copies of.
   *
   * @throws VeloxError `not-json`, `too-deep`.
   */
  copy(value: T): T {
    const onRow = (row: object, copy: object): void => this.#keys.remember?.(row, copy);
    return copyIn(value, { rules: { omits: () => true, onRow } }) as T;
  }

  /**
   * Replaces the value by that of the log.
   *
   * @throws VeloxError `bad-patch`, `not-json`, `too-deep` if the content of the log is not a valid value. The value is then as it was.
   */
  load({ snapshot, revisions }: Opened): void {
    const recorder = this.#record(JSON.parse(snapshot.value) as T);
    const recent = new RecentRevisions(snapshot.at);
    for (const revision of revisions) {
      applyInPlace(recorder, revision.patch);
      recent.add(revision);
    }
    recorder.take();
    this.#recorder = recorder;
    this.#recent = recent;
    for (const revision of revisions) this.#noteChange(revision);
    this.#changed();
  }

  /** @throws VeloxError `bad-patch`, `unsafe-key` if the revision cannot be applied. The value is then as it was. */
  receive(revision: Revision): Received {
    const { place } = this;
    const { at, previous } = revision;
    if (at.id !== place.id) return 'gap';
    if (at.version <= place.version) {
      const known = this.#recent.at(at.version);
      return !known || known.token === at.token ? 'known' : 'gap';
    }
    if (at.version !== place.version + 1 || previous !== place.token) return 'gap';
    applyInPlace(this.#recorder, revision.patch);
    this.#recorder.take();
    this.#recent.add(revision);
    this.#noteChange(revision);
    this.#changed();
    return 'applied';
  }

  /**
   * Returns the patch of several changes together, as JSON text, and leaves the value as it is. undefined: they change nothing.
   *
   * @param run makes the changes on the recorder; a change whose error it catches is undone
   */
  propose(run: (recorder: Recorder<T>) => void): string | undefined {
    return this.#recorder.propose(() => run(this.#recorder));
  }

  /** Notes why the value may be outdated; undefined: it is current. */
  setStale(code: string | undefined): void {
    if (this.#stale === code) return;
    this.#stale = code;
    this.#delivery.notify();
  }

  get stale(): string | undefined {
    return this.#stale;
  }

  position(): Position {
    const { id, version } = this.place;
    return { id, version };
  }

  text(): string {
    return (this.#text ??= JSON.stringify(this.#recorder.value));
  }

  get size(): number {
    return this.#text?.length ?? this.#recorder.size;
  }

  since(version: number): string | undefined {
    return this.#recent.since(version);
  }

  hash(budget?: Budget): string | undefined {
    return this.#recorder.hash(budget);
  }

  get isThrottled(): boolean {
    return this.#delivery.isThrottled;
  }

  listen(listener: RevisionListener): void {
    this.#delivery.listen(listener);
  }

  unlisten(listener: RevisionListener): void {
    this.#delivery.unlisten(listener);
  }

  /** Returns whether there is a revision since the last delivery. */
  advance(): boolean {
    const isNew = this.#delivered !== this.place;
    this.#delivered = this.place;
    return isNew;
  }

  #record(value: T): Recorder<T> {
    return createRecorder(value, { key: this.#keys });
  }

  #noteChange({ tag, at }: Revision): void {
    for (const attempted of this.attempted)
      if (attempted.tag === tag) for (const cause of attempted.causes) cause.note(this, at.version);
  }

  #changed(): void {
    this.#text = undefined;
    this.#delivery.schedule();
  }
}
