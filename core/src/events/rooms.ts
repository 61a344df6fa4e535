import { CallError } from '../protocol/call-error.js';
import { report } from '../protocol/error.js';
import { once } from '../reactive/readable.js';

/** The rooms that a client wants to be in. */
export interface Rooms {
  /** Joins a room until the function that it returns is called; it may be joined several times. */
  readonly join: (room: string) => () => void;
  /** A new session is in no room: all that are wanted are joined again. */
  readonly onNewSession: () => void;
}

/** @param call makes a call of the hub itself */
export function createRooms(call: (name: '$join' | '$leave', room: string) => Promise<unknown>): Rooms {
  const wanted = new Map<string, number>();
  const say = (name: '$join' | '$leave', room: string): void => {
    call(name, room).catch((error: unknown) => {
      // A session that ended joins again; every other reason is the application's to know.
      const isLost =
        error instanceof CallError && ['unknown-outcome', 'cancelled', 'dropped'].includes(error.code);
      if (!isLost) report(error);
    });
  };
  return {
    join(room) {
      const count = wanted.get(room) ?? 0;
      wanted.set(room, count + 1);
      if (!count) say('$join', room);
      return once(() => {
        const left = wanted.get(room)! - 1;
        if (left) return void wanted.set(room, left);
        wanted.delete(room);
        say('$leave', room);
      });
    },
    onNewSession() {
      for (const room of wanted.keys()) say('$join', room);
    },
  };
}
