import { LONGEST_TIMER_MS } from '@velox/core/protocol';
import { ByKey, type OneOrMany } from '../collections/one-or-many.js';
import { warn } from '../diagnostics/observer.js';
import type { RevisionListener } from './versioned.js';

/** The value whose changes are delivered. */
export interface Deliverable {
  /** Includes all changes made so far. Returns whether there is something to deliver since its last call. */
  advance(): boolean;
}

const listeners = new ByKey<RevisionListener, RevisionListener>((listener) => listener);

/** When the changes of a value are delivered: at the end of the tick, or not before its throttle allows. */
export class Delivery {
  readonly #throttle: number;
  readonly #value: Deliverable;
  #listeners: OneOrMany<RevisionListener, RevisionListener>;
  #pending: 'none' | 'tick' | NodeJS.Timeout = 'none';
  /** In ms of `performance.now`; undefined: never, or each tick delivers. */
  #deliveredAt: number | undefined;

  /** @param throttle least time between two deliveries in ms; 0: each tick delivers */
  constructor(throttle: number, value: Deliverable) {
    this.#throttle = Math.min(throttle, LONGEST_TIMER_MS);
    this.#value = value;
  }

  /** Whether deliveries may wait for longer than the tick. */
  get isThrottled(): boolean {
    return this.#throttle > 0;
  }

  /** Schedules a delivery, and calls `onChange` of all listeners. To be called at the first change after each flush. */
  schedule(): void {
    for (const listener of listeners.values(this.#listeners)) listener.onChange?.();
    if (this.#pending !== 'none') return;
    const deliveredAt = this.#deliveredAt;
    const wait = deliveredAt === undefined ? 0 : deliveredAt + this.#throttle - performance.now();
    if (wait > 0) this.#pending = setTimeout(() => this.#deliver(), wait).unref();
    else {
      this.#pending = 'tick';
      queueMicrotask(() => this.#deliver());
    }
  }

  /** Calls `onRevision` of a listener at each delivery. If it throws, that is a warning. */
  listen(listener: RevisionListener): void {
    this.#listeners = listeners.with(this.#listeners, listener);
  }

  unlisten(listener: RevisionListener): void {
    this.#listeners = listeners.without(this.#listeners, listener);
  }

  #deliver(): void {
    this.#pending = 'none';
    if (!this.#value.advance()) return;
    if (this.#throttle > 0) this.#deliveredAt = performance.now();
    this.notify();
  }

  /** Calls `onRevision` of all listeners now, though nothing may have changed. */
  notify(): void {
    // A listener that leaves and returns is not notified twice.
    for (const listener of [...listeners.values(this.#listeners)]) {
      try {
        listener.onRevision();
      } catch (error) {
        warn('a listener of a state failed', error);
      }
    }
  }
}
