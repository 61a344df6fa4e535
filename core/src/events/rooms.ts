import type { CallError } from '../protocol/call-error.js';
import { report } from '../protocol/error.js';

/** The rooms that a client wants to be in. */
export interface Rooms {
  /** Joins a room until the returned function is called, which must happen once; it may be joined several times. */
  readonly join: (room: string) => () => void;
  /** A new session is in no room: all that are wanted are joined again. */
  readonly onNewSession: () => void;
  /** Repeats the calls that were lost although their session lives. */
  readonly repeat: () => void;
}

/**
 * @param call makes a call of the hub itself
 * @param onLost called when a call was lost that may be repeated immediately
 */
export function createRooms(
  call: (name: '$join' | '$leave', room: string) => Promise<unknown>,
  onLost: () => void,
): Rooms {
  /** The session ended, the call waited too long, or the connection was closed. */
  const LOST = ['unknown-outcome', 'cancelled', 'dropped', 'closed'];
  const wanted = new Map<string, number>();
  /** The rooms whose newest call was lost. */
  const lost = new Set<string>();
  const say = (room: string): void => {
    call(wanted.has(room) ? '$join' : '$leave', room).catch((error: CallError) => {
      // A lost call is repeated; every other reason is reported to the application.
      if (!LOST.includes(error.code)) return report(error);
      lost.add(room);
      // The node of the call is gone, and the session is not: no new link comes. A full queue drops calls, and must not loop.
      if (error.code === 'unknown-outcome') onLost();
    });
  };
  const sayAll = (rooms: Iterable<string>): void => {
    const all = [...rooms];
    lost.clear();
    for (const room of all) say(room);
  };
  const count = (room: string, by: 1 | -1): void => {
    const former = wanted.get(room) ?? 0;
    const next = former + by;
    if (next) wanted.set(room, next);
    else wanted.delete(room);
    if (!next || !former) say(room);
  };
  return {
    join(room) {
      count(room, 1);
      return () => count(room, -1);
    },
    onNewSession: () => sayAll(wanted.keys()),
    repeat: () => sayAll(lost),
  };
}
