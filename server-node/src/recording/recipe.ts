import { VeloxError } from '@velox/core/protocol';
import type { Tree } from './tree.js';

/**
 * Runs a function that changes the tree, all or nothing.
 *
 * @param finish gets what it returned, and belongs to it.
 * @throws what it throws; VeloxError `async-recipe` when it gives a promise.
 */
export function runRecipe<R>(tree: Tree, recipe: () => R, finish?: (result: R) => void): R {
  tree.settle(); // for the recipe around this one, which may go on if this one throws
  return tree.attempt(() => {
    const result = recipe();
    tree.settle();
    if (isThenable(result)) {
      // its drafts are dead, so it will most likely fail a second time: nobody waits for that
      result.then(undefined, () => {});
      throw new VeloxError('async-recipe', 'a recipe was asynchronous. Await first, then change the state.');
    }
    finish?.(result);
    return result;
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function';
}
