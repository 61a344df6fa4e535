import { computed, effect, inject, NgZone, untracked, type Signal } from '@angular/core';
import { presenceOf, type PresenceMembers, type PresenceSource, type SyncSource } from '@velox/core';
import { syncOf, type Lookup } from '@velox/core/adapter';
import { injectReadable } from './inject-readable.js';

/**
 * Enters a room until the injection context of the call ends, usually a component's. Returns a signal of the other members by their id,
 * and the function that shows data to them: the newest value, at most every 50 ms, and again after each reconnection. Components that
 * are in the same room share the data.
 *
 * @param source a URL, an object with `url` and options; or a signal or function that returns one.
 * @param room the name of the room; or a signal or function that returns it.
 * @param initial the data that is shown first.
 * @example
 * readonly #presence = injectPresence<Cursor, User>('/sync', 'lobby', { x: 0, y: 0 })
 * readonly others = this.#presence[0]
 * @throws Angular's NG0203 outside of an injection context.
 */
export function injectPresence<Mine = unknown, Shown = unknown>(
  source: PresenceSource | (() => PresenceSource),
  room: string | (() => string),
  initial: Mine,
): [Signal<PresenceMembers<Shown, Mine>>, (mine: Mine) => void] {
  // Pending timers of a connection must not delay the stability of an application with zones.
  const zone = inject(NgZone);
  let newest = initial;
  const last: Lookup = {};
  const presence = computed(() =>
    presenceOf<Mine, Shown>(
      syncOf((typeof source === 'function' ? source() : source) as SyncSource, last),
      typeof room === 'function' ? room() : room,
    ),
  );
  effect((onCleanup) => {
    const current = presence();
    onCleanup(zone.runOutsideAngular(() => current.enter(newest)));
  });
  const setMine = (mine: Mine): void => {
    zone.runOutsideAngular(() => untracked(presence).set(mine)); // may throw: then the former data stay
    newest = mine;
  };
  return [injectReadable(presence, (members) => members), setMine];
}
