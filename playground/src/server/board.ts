import { setTimeout } from 'node:timers/promises';
import { CallError, type Hub, type State } from '@velox/server';
import { BoardError, EDIT_NAMES, EDITS } from '../board/rules.js';
import type { App, Delay, Person } from '../contract.js';
import type { Board } from '../model.js';

/** How long a slow edit takes, in ms. */
const SLOW_MS = 2_000;

/** Publishes the board as the topic `board`, and answers the calls that edit it. */
export function serveBoard(hub: Hub<App, Person>): State<Board> {
  const board: State<Board> = hub.state('board', createBoard());
  for (const name of EDIT_NAMES) {
    hub.answer(name, async (_session, input, { signal }) => {
      if ((input as Partial<Delay> | null)?.isSlow === true) await setTimeout(SLOW_MS, null, { signal });
      try {
        board.update((draft) => EDITS[name](draft, input));
      } catch (error) {
        throw error instanceof BoardError ? new CallError(error.code, error.message) : error;
      }
      return null;
    });
  }
  return board;
}

const createBoard = (): Board => ({
  columns: [
    {
      id: 'todo',
      title: 'To do',
      cards: [
        { id: 'second', text: 'Open this page in a second window' },
        { id: 'edit', text: 'Edit a card there and watch it here' },
      ],
    },
    { id: 'doing', title: 'Doing', cards: [{ id: 'watch', text: 'Watch the frames on the wire' }] },
    { id: 'done', title: 'Done', cards: [{ id: 'start', text: 'npm start' }] },
  ],
});
