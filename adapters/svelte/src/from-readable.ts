import { createKeep, type Readable } from '@velox/core';
import { createSubscriber } from 'svelte/reactivity';
import { toStore, type Readable as Store } from 'svelte/store';

/** A value that changes by itself: `current` is followed where it is read (in markup, `$derived`, `$effect`), and it is a store. */
export interface Live<S> extends Store<S> {
  readonly current: S;
}

/**
 * A selection of what `readable` gives: the one primitive of this adapter. It is subscribed to while something that reacts has
 * read it. `readable` and `select` may read state: it is followed.
 *
 * @param equal when two selections count as the same, and the former is kept; default `Object.is`.
 */
export function fromReadable<T, S>(
  readable: () => Readable<T>,
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
): Live<S> {
  const keep = createKeep(equal);
  const read = ({ get }: Readable<T>): S => keep(select(get()));
  let followed: { readonly readable: Readable<T>; readonly follow: () => void } | undefined;
  /** What the last reader of `current` got. */
  let shown: unknown;

  const follow = (readable: Readable<T>): (() => void) =>
    createSubscriber((update) =>
      readable.subscribe(() => {
        if (
          !Object.is(
            shown,
            attempt(() => read(readable)),
          )
        )
          update();
      }),
    );

  const live = {
    get current() {
      const source = readable();
      if (followed?.readable !== source) followed = { readable: source, follow: follow(source) };
      followed.follow();
      shown = followed; // nothing that a selector gives, if it throws
      const selected = read(source);
      shown = selected;
      return selected;
    },
    subscribe: ((run) => toStore(() => live.current).subscribe(run)) as Live<S>['subscribe'],
  };
  return live;
}

/** What `read` gives; an error, which is another one each time, is for the reader of `current` to meet. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return { error };
  }
}
