import type { CallError } from '../protocol/call-error.js';
import { report } from '../protocol/error.js';

/** The session ended, or the connection was closed. */
const LOST = ['unknown-outcome', 'cancelled', 'dropped', 'closed'];

/** The rooms that a client wants to be in. */
export interface Rooms {
  /** Joins a room until the function that it returns is called, which must happen once; it may be joined several times. */
  readonly join: (room: string) => () => void;
  /** A new session is in no room: all that are wanted are joined again. */
  readonly onNewSession: () => void;
}

/** @param call makes a call of the hub itself */
export function createRooms(call: (name: '$join' | '$leave', room: string) => Promise<unknown>): Rooms {
  const wanted = new Map<string, number>();
  const say = (name: '$join' | '$leave', room: string): void => {
    call(name, room).catch((error: CallError) => {
      // A session that ended joins again; every other reason is reported to the application.
      if (!LOST.includes(error.code)) report(error);
    });
  };
  return {
    join(room) {
      const count = wanted.get(room) ?? 0;
      wanted.set(room, count + 1);
      if (!count) say('$join', room);
      return () => {
        const left = wanted.get(room)! - 1;
        wanted.set(room, left);
        if (left) return;
        wanted.delete(room);
        say('$leave', room);
      };
    },
    onNewSession() {
      for (const room of wanted.keys()) say('$join', room);
    },
  };
}
