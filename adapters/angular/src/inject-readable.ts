import type { Readable } from '@velox/core';
import { computed, effect, inject, NgZone, signal, type Signal } from '@angular/core';

/**
 * A signal of a selection of what `readable` gives, until the end of the injection context that it is called in: the one
 * primitive of this adapter. `readable` and `select` may read signals: they are followed.
 *
 * @param equal when two selections count as the same, and the former is kept; default `Object.is`.
 */
export function injectReadable<T, S>(
  readable: () => Readable<T>,
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
): Signal<S> {
  // What a connection waits for must not hold back the stability of an application with zones.
  const zone = inject(NgZone);
  const current = computed(readable);
  const changes = signal(0);
  const value = computed(() => (changes(), current().get()));
  const refresh = (): void => changes.update((count) => count + 1);
  effect((onCleanup) => {
    const { subscribe } = current();
    onCleanup(zone.runOutsideAngular(() => subscribe(refresh)));
    refresh(); // for what has changed since it was read first
  });
  return computed(() => select(value()), { equal });
}
