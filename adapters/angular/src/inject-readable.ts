import type { Readable } from '@velox/core';
import { createKeep } from '@velox/core/adapter';
import { computed, effect, inject, NgZone, signal, type Signal } from '@angular/core';

/**
 * Returns a signal of a selection of a readable's value, until the injection context of the call ends: the one primitive of this
 * adapter. `readable` and `select` may read signals, and run again when they change.
 *
 * @param equal whether two selections are the same, so that the former is kept; default `Object.is`.
 */
export function injectReadable<T, S>(
  readable: () => Readable<T>,
  select: (value: T) => S,
  equal: (before: S, after: S) => boolean = Object.is,
): Signal<S> {
  // Pending timers of a connection must not delay the stability of an application with zones.
  const zone = inject(NgZone);
  const current = computed(readable);
  /** Selections of two sources are not compared. */
  const keep = computed(() => (current(), createKeep(equal)));
  const changes = signal(0);
  const value = computed(() => (changes(), current().get()));
  const refresh = (): void => changes.update((count) => count + 1);
  effect((onCleanup) => {
    const { subscribe } = current();
    onCleanup(zone.runOutsideAngular(() => subscribe(refresh)));
    refresh(); // for changes since the first read
  });
  return computed(() => keep()(select(value()), value()));
}
