import type { OptimisticChange } from '../events/optimistic-change.js';
import type { Replica } from '../replicas/replica.js';
import { pendingChanges } from './pending-changes.js';

/**
 * Creates a change for the option `optimistic` of a call. The replica shows it immediately and applies it again to each later value of the
 * server. The change is removed with the state frame that has the effect of the call, or when the call fails.
 *
 * A recipe that throws is left out, and reported once. For a value that is no object or array, the recipe returns the next one.
 *
 * @param recipe mutates a draft of the value; it runs many times, so it must be pure
 * @example
 * const board = sync.replica('board')
 * await sync.call('addRow', row, { optimistic: optimistic(board, (draft) => draft.rows.push(row)) })
 */
export function optimistic<T>(
  replica: Replica<T>,
  recipe: (draft: NonNullable<T>) => unknown,
): OptimisticChange {
  return {
    begin(call, onFrame) {
      const changes = pendingChanges(replica);
      const change = changes.add(recipe as (draft: unknown) => unknown);
      const stop = onFrame((frame) => {
        if (!('made' in frame) || 'event' in frame) return;
        if (frame.made.includes(call) && (frame.topic ?? '') === replica.topic) change.isMade = true;
      });
      return () => {
        stop();
        changes.remove(change);
      };
    },
  };
}
