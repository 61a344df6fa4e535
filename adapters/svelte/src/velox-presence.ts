import {
  presenceOf,
  type Presence,
  type PresenceMembers,
  type PresenceSource,
  type SyncSource,
} from '@velox/core';
import { syncOf, type Lookup } from '@velox/core/adapter';
import { onMount } from 'svelte';
import { toStore } from 'svelte/store';
import { fromReadable, type Live } from './from-readable.js';

/**
 * Enters a room while the component is mounted. Returns the other members by their id, and the function that shows data to them: the
 * newest value, at most every 50 ms, and again after each reconnection. Components that are in the same room share the data.
 *
 * @param source a URL, an object with `url` and options; or a function that returns one and may read state.
 * @param room the name of the room; or a function that returns it and may read state.
 * @param initial the data that is shown first.
 * @example const [others, setMine] = veloxPresence<Cursor, User>('/sync', 'lobby', { x: 0, y: 0 })
 * @throws Svelte's `lifecycle_outside_component` outside of the set-up of a component.
 */
export function veloxPresence<Mine = unknown, Shown = unknown>(
  source: PresenceSource | (() => PresenceSource),
  room: string | (() => string),
  initial: Mine,
): [Live<PresenceMembers<Shown, Mine>>, (mine: Mine) => void] {
  let newest = initial;
  const last: Lookup = {};
  const read = (): Presence<Mine, Shown> =>
    presenceOf(
      syncOf((typeof source === 'function' ? source() : source) as SyncSource, last),
      typeof room === 'function' ? room() : room,
    );
  const current = toStore(read);
  let leave = (): void => {};
  // Components are not mounted during server rendering.
  onMount(() => {
    const forget = current.subscribe((presence) => {
      leave();
      leave = presence.enter(newest);
    });
    return () => {
      forget();
      leave();
    };
  });
  const setMine = (mine: Mine): void => {
    read().set(mine); // may throw: then the former data stay
    newest = mine;
  };
  return [fromReadable(read, (members) => members), setMine];
}
