import type { Readable } from '@velox/core';
import { createKeep } from '@velox/core/adapter';
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
  const keep = createKeep(equal);
  const read = ({ get }: Readable<T>): S => {
    const value = get();
    return keep(select(value), value);
  };
  let followed: { readonly readable: Readable<T>; readonly follow: () => void } | undefined;
  /** The selection that `current` returned last. */
  let shown: unknown;

  const follow = (readable: Readable<T>): (() => void) =>
    createSubscriber((update) => {
      /** The selection at the last notification: another listener's read may have moved `shown` before this one hears of it. */
      let told = attempt(() => read(readable));
      return readable.subscribe(() => {
        const next = attempt(() => read(readable));
        if (Object.is(told, next) && Object.is(shown, next)) return;
        told = next;
        update();
      });
    });

  const live = {
    get current() {
      const source = readable();
      if (followed?.readable !== source) followed = { readable: source, follow: follow(source) };
      followed.follow();
      shown = followed; // a value that no selector returns, in case it throws
      const selected = read(source);
      shown = selected;
      return selected;
    },
    subscribe: ((run) => toStore(() => live.current).subscribe(run)) as Live<S>['subscribe'],
  };
  return live;
}

/** Returns the result of `read`, or a fresh object if it throws. The reader of `current` will meet the error. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return { error };
  }
}
