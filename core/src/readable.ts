import { report } from './error.js';

/**
 * All that an adapter knows of Velox. `get` returns the same reference until the value changes; `subscribe` returns the
 * function that ends the subscription. Both may be passed on alone (they do not use `this`).
 */
export interface Readable<T> {
  readonly get: () => T;
  readonly subscribe: (onChange: () => void) => () => void;
}

/** A {@link Readable} with a way in: the only mutable box of the client. */
export interface Cell<T> extends Readable<T> {
  readonly set: (value: T) => void;
}

/** Creates a cell. Listeners run on each `set` that changes the reference; one that throws is reported and harms no other. */
export function createCell<T>(value: T): Cell<T> {
  const listeners = new Set<{ onChange: () => void }>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) {
        if (!listeners.has(listener)) continue;
        try {
          listener.onChange();
        } catch (error) {
          report(error);
        }
      }
    },
    subscribe(onChange) {
      const listener = { onChange }; // the same function may subscribe twice
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
