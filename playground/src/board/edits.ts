import { optimistic } from '@velox/core/optimistic';
import type { EditInputs } from '../contract.js';
import type { ColumnId } from '../model.js';
import { randomId } from '../random-id.js';
import { sync } from '../sync.js';
import type { Change } from './edit.js';
import { BoardError, EDITS } from './rules.js';

/** Longer than a call waits for a link (15 s), in ms. */
const TIMEOUT = 20_000;

/*
 * Edits are calls. Their effect shows in this window immediately, and the server's own change replaces it.
 */

export function addCard(column: ColumnId, text: string): Change {
  return change('addCard', { id: randomId(), column, text });
}

export function editCard(id: string, text: string): Change {
  return change('editCard', { id, text });
}

/** `index` is counted without the card itself. */
export function moveCard(id: string, column: ColumnId, index: number): Change {
  return change('moveCard', { id, column, index });
}

export function deleteCard(id: string): Change {
  return change('deleteCard', { id });
}

function change<N extends keyof EditInputs>(name: N, input: EditInputs[N]): Change {
  return (delay) => {
    const shown = optimistic(sync().replica('board'), (draft) => {
      try {
        EDITS[name](draft, input);
      } catch (error) {
        // The server refuses the edit for the same reason, and its answer shows that.
        if (!(error instanceof BoardError)) throw error;
      }
    });
    return sync().call<keyof EditInputs>(
      name,
      { ...input, ...delay },
      { timeout: TIMEOUT, optimistic: shown },
    );
  };
}
