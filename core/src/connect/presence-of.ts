import { createPresence, type Presence } from '../events/presence.js';
import type { Sync } from '../events/sync.js';
import { createWeakValues, type WeakValues } from '../platform/weak-values.js';
import type { Contract } from '../protocol/contract.js';
import type { PresenceMembers } from '../protocol/presence.js';
import { syncOf, type SyncSource } from './sync-of.js';

/** The value of a contract's topic `presence/<room>`; members of any kind if it names none. */
type Members<C extends Contract, R extends string> = `presence/${R}` extends keyof C['topics']
  ? C['topics'][`presence/${R}`]
  : PresenceMembers;

/** The data that the clients of a contract show in a room. */
export type PresenceMine<C extends Contract, R extends string> =
  Members<C, R> extends PresenceMembers<unknown, infer Mine> ? Mine : unknown;

/** The part of a member that the server of a contract shows in a room. */
export type PresenceShown<C extends Contract, R extends string> =
  Members<C, R> extends PresenceMembers<infer Shown, unknown> ? Shown : unknown;

/** A source for presence: a URL, an object with `url` and options, or a connection of any contract. */
export type PresenceSource = Exclude<SyncSource, Sync> | Pick<Sync, 'status' | 'onFrame' | 'close'>;

/** The rooms of one connection. */
interface Rooms {
  readonly all: WeakValues<Presence<never, never>>;
  /** References to presences in use, so an application need not keep one while its client is in the room. */
  readonly inUse: Set<object>;
}

/** The rooms by their connection. */
const rooms = new WeakMap<object, Rooms>();

/**
 * Returns the presence of a room, the same one while it is in use.
 *
 * @example
 * const presence = presenceOf<Cursor, User>('/sync', 'lobby')
 * const leave = presence.enter({ x: 0, y: 0 })
 * presence.subscribe(() => draw(presence.get()))
 */
export function presenceOf<Mine = unknown, Shown = unknown>(
  source: PresenceSource,
  room: string,
): Presence<Mine, Shown> {
  const sync = syncOf(source as SyncSource);
  let ofSync = rooms.get(sync);
  if (!ofSync) rooms.set(sync, (ofSync = { all: createWeakValues(), inUse: new Set() }));
  let presence = ofSync.all.get(room);
  if (!presence) {
    presence = createPresence<never, never>(sync, room, ofSync.inUse);
    ofSync.all.set(room, presence);
  }
  return presence as unknown as Presence<Mine, Shown>;
}
