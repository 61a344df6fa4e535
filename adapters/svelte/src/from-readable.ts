import type { Readable } from '@velox/core';
import { createKeep } from '@velox/core/adapter';
import { untrack } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';
import { toStore, type Readable as Store } from 'svelte/store';

/** A value that changes over time. Readers of `current` in markup, `$derived` and `$effect` follow it; it is a store as well. */
export interface Live<S> extends Store<S> {
  readonly current: S;
}

/**
 * Returns a selection of a readable's value: the one primitive of this adapter. It subscribes while a reactive reader uses it.
 * `readable` and `select` may read state, and run again when it changes.
 *
 * @param equal whether two selections are the same, so that the former is kept; default `Object.is`.
 */
export function fromReadable<T, S>(
  readable: () => Readable<T>,
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
): Live<S> {
  /** The selection that `current` returned last. */
  let shown: unknown;

  function follow(readable: Readable<T>): Followed<T, S> {
    const keep = createKeep(equal); // selections of two sources are not compared
    const read = (): S => {
      const value = readable.get();
      return keep(select(value), value);
    };
    const subscribe = createSubscriber((update) => {
      /** The selection at the last notification: another listener's read may have moved `shown` before this one hears of it. */
      let told = attempt(read);
      return readable.subscribe(() => {
        const next = attempt(read);
        if (Object.is(told, next) && Object.is(shown, next)) return;
        told = next;
        update();
      });
    });
    return { readable, subscribe, read };
  }
  let followed: Followed<T, S> | undefined;

  const live = {
    get current() {
      const source = readable();
      if (followed?.readable !== source) followed = follow(source);
      const { subscribe, read } = followed;
      subscribe();
      shown = followed; // a value that no selector returns, in case it throws
      const selected = read();
      shown = selected;
      return selected;
    },
    // The store follows `current` in an effect of its own. An effect that subscribes must not follow it as well.
    subscribe: ((run) => untrack(() => toStore(() => live.current).subscribe(run))) as Live<S>['subscribe'],
  };
  return live;
}

/** The use of one source. */
interface Followed<T, S> {
  readonly readable: Readable<T>;
  /** Subscribes on behalf of the present reactive reader. */
  readonly subscribe: () => void;
  /** Returns the selection of the present value. */
  readonly read: () => S;
}

/** Returns the result of `read`, or a fresh object if it throws. The reader of `current` will meet the error. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return { error };
  }
}
