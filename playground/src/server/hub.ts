import { createHub, type Hub, type State } from '@velox/server';
import type { App, Cursor, Person, Typing } from '../contract.js';
import type { Board } from '../model.js';
import { ROOMS } from '../chat/rooms.js';
import { serveBoard } from './board.js';
import { serveChat } from './chat.js';
import { shownData } from './shown-data.js';
import { visitorOf } from './visitor.js';

const rooms = new Set<string>(['board', ...ROOMS.map(({ id }) => id)]);

/** Creates the endpoint of everything that visitors share. */
export function createPlaygroundHub(): { hub: Hub<App, Person>; board: State<Board> } {
  const hub = createHub<App, Person>({
    authorize: visitorOf,
    identify: (visitor) => visitor.id,
    canJoin: (_visitor, room) => rooms.has(room),
  });
  hub.presence<Person, Typing | Cursor>({ of: ({ context }) => context, mine: shownData });
  serveChat(hub);
  return { hub, board: serveBoard(hub) };
}
