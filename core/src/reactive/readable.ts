import { checkListener } from '#development';
import { report } from '../protocol/error.js';

/**
 * The only interface that an adapter needs from Velox. `get` returns the same reference until the value changes; `subscribe` returns the
 * function that ends the subscription. Both may be passed on alone (they do not use `this`).
 */
export interface Readable<T> {
  readonly get: () => T;
  readonly subscribe: (onChange: () => void) => () => void;
}

/** A {@link Readable} that can be set: the only mutable cell of the client. */
export interface Cell<T> extends Readable<T> {
  readonly set: (value: T) => void;
}

/** A source of events: `on` returns the function that removes the listener. */
export interface Signal<A extends unknown[]> {
  readonly emit: (...args: A) => void;
  readonly on: (listener: (...args: A) => void) => () => void;
}

/** A function that runs `end` when it is first called, and does nothing after that. */
export function once(end: () => void): () => void {
  let isDue = true;
  return () => {
    if (!isDue) return;
    isDue = false;
    end();
  };
}

/** Calls back to the application, and reports what that throws. */
export function attempt(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    report(error);
  }
}

/** Creates a signal. A listener that throws is reported and does not affect the others. A removed listener is not called again. */
export function createSignal<A extends unknown[] = []>(): Signal<A> {
  /** Created by the first listener: a client of 10,000 topics has many signals without one. */
  let listeners: Set<{ call: (...args: A) => void }> | undefined;
  return {
    emit(...args) {
      for (const listener of [...(listeners ?? [])]) {
        if (listeners!.has(listener)) attempt(() => listener.call(...args));
      }
    },
    on(call) {
      checkListener(call, 'a subscription');
      const listener = { call }; // the same function may listen twice
      const all = (listeners ??= new Set());
      all.add(listener);
      return () => all.delete(listener);
    },
  };
}

/**
 * Creates a cell.
 *
 * @param isSame whether `set` keeps the value and runs no listeners; default: for the same reference
 */
export function createCell<T>(value: T, isSame: (next: T, value: T) => boolean = Object.is): Cell<T> {
  const { emit, on } = createSignal();
  return {
    get: () => value,
    set(next) {
      if (isSame(next, value)) return;
      value = next;
      emit();
    },
    subscribe: on,
  };
}
