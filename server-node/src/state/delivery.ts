import { warn } from '../diagnostics/observer.js';

interface Listener {
  readonly onRevision: () => void;
  readonly onChange: (() => void) | undefined;
}

const NONE: readonly Listener[] = [];

/** When the changes of a value are delivered: at the end of the tick, or not before its throttle allows. */
export class Delivery {
  readonly #throttle: number;
  readonly #advance: () => boolean;
  #listeners = NONE;
  #pending: 'none' | 'tick' | NodeJS.Timeout = 'none';
  #deliveredAt = -Infinity;

  /**
   * @param throttle least time between two deliveries in ms; 0: each tick delivers
   * @param advance includes all changes made so far; returns whether there is something to deliver since its last call
   */
  constructor(throttle: number, advance: () => boolean) {
    this.#throttle = throttle;
    this.#advance = advance;
  }

  /** Whether deliveries may wait for longer than the tick. */
  get isThrottled(): boolean {
    return this.#throttle > 0;
  }

  /** Schedules a delivery, and calls `onChange` of all listeners. To be called at the first change after each flush. */
  schedule(): void {
    for (const { onChange } of this.#listeners) onChange?.();
    if (this.#pending !== 'none') return;
    const wait = this.#throttle > 0 ? this.#deliveredAt + this.#throttle - performance.now() : 0;
    if (wait > 0) this.#pending = setTimeout(() => this.#deliver(), wait).unref();
    else {
      this.#pending = 'tick';
      queueMicrotask(() => this.#deliver());
    }
  }

  /** Calls `onRevision` at each delivery. If it throws, that is a warning. Returns the function that ends this. */
  listen(onRevision: () => void, onChange?: () => void): () => void {
    const listener = { onRevision, onChange };
    this.#listeners = [...this.#listeners, listener];
    return () => void (this.#listeners = this.#listeners.filter((each) => each !== listener));
  }

  #deliver(): void {
    this.#pending = 'none';
    if (!this.#advance()) return;
    if (this.#throttle > 0) this.#deliveredAt = performance.now();
    this.notify();
  }

  /** Calls `onRevision` of all listeners now, though nothing may have changed. */
  notify(): void {
    for (const { onRevision } of this.#listeners) {
      try {
        onRevision();
      } catch (error) {
        warn('a listener of a state failed', error);
      }
    }
  }
}
