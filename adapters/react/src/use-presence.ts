import { presenceOf, type PresenceMembers, type PresenceSource } from '@velox/core';
import { useCallback, useEffect, useRef } from 'react';
import { useReadable } from './use-readable.js';
import { useSync, type ProvidedSync } from './use-sync.js';

/**
 * Enters a room while the component is mounted. Returns the other members by their id, and the function that shows data to them: the
 * newest value, at most every 50 ms, and again after each reconnection. Components that are in the same room share the data.
 *
 * @param initial the data that is shown first.
 * @example const [others, setMine] = usePresence<Cursor, User>('/sync', 'lobby', { x: 0, y: 0 })
 */
export function usePresence<Mine = unknown, Shown = unknown>(
  source: ProvidedSync | PresenceSource,
  room: string,
  initial: Mine,
): [PresenceMembers<Shown, Mine>, (mine: Mine) => void] {
  const presence = presenceOf<Mine, Shown>(useSync(source as ProvidedSync), room);
  const newest = useRef(initial);
  useEffect(() => presence.enter(newest.current), [presence]);
  const setMine = useCallback(
    (mine: Mine) => {
      presence.set(mine); // may throw: then the former data stay
      newest.current = mine;
    },
    [presence],
  );
  return [useReadable(presence, (members) => members), setMine];
}
