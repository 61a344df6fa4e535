import { presenceOf, type PresenceMembers, type PresenceSource, type SyncSource } from '@velox/core';
import { syncOf, type Lookup } from '@velox/core/adapter';
import { computed, toValue, watchPostEffect, type MaybeRefOrGetter, type ShallowRef } from 'vue';
import { useReadable } from './use-readable.js';

/**
 * Enters a room until the scope of the call ends, usually a component's. Returns a ref to the other members by their id, and the function
 * that shows data to them: the newest value, at most every 50 ms, and again after each reconnection. Components that are in the same
 * room share the data.
 *
 * @param initial the data that is shown first.
 * @example const [others, setMine] = usePresence<Cursor, User>('/sync', 'lobby', { x: 0, y: 0 })
 */
export function usePresence<Mine = unknown, Shown = unknown>(
  source: MaybeRefOrGetter<PresenceSource>,
  room: MaybeRefOrGetter<string>,
  initial: Mine,
): [Readonly<ShallowRef<PresenceMembers<Shown, Mine>>>, (mine: Mine) => void] {
  let newest = initial;
  const last: Lookup = {};
  const presence = computed(() =>
    presenceOf<Mine, Shown>(syncOf(toValue(source) as SyncSource, last), toValue(room)),
  );
  // Runs after rendering, so never on a server.
  watchPostEffect((onCleanup) => onCleanup(presence.value.enter(newest)));
  const setMine = (mine: Mine): void => {
    presence.value.set(mine); // may throw: then the former data stay
    newest = mine;
  };
  return [
    useReadable(
      () => presence.value,
      (members) => members,
    ),
    setMine,
  ];
}
