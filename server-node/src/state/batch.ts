import { checkArgument, option, VeloxError } from '@velox/core/protocol';
import { handleOf } from '../recording/drafts/handle.js';
import { noPromise } from '../recording/drafts/recipe.js';

/**
 * Several changes of a live value together: all or nothing, and one message to the clients.
 *
 * @param live a live value, or any part of one.
 * @throws what `change` throws, everything is then as it was; VeloxError `not-live`, `async-recipe`, `bad-option`.
 */
export function batch<L extends object, R>(live: L, change: (live: L) => R): R {
  const handle = handleOf(live);
  if (!handle)
    throw new VeloxError('not-live', 'batch() got an ordinary object. Give it what live() returned.');
  checkArgument('batch()', 'a change', change, option.callback);
  const { scope } = handle;
  return scope.tree.attempt(() => {
    const result = noPromise(change(live));
    scope.tree.settle();
    scope.rejoin();
    return result;
  });
}
