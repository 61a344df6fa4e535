import { VeloxError } from '@velox/core/protocol';
import type { Tree } from './tree.js';

/**
 * Runs a function that changes the tree, all or nothing.
 *
 * @throws what it throws; VeloxError `async-recipe` when it gives a promise.
 */
export function runRecipe<R>(tree: Tree, recipe: () => R): R {
  tree.settle(); // for the recipe around this one, which may go on if this one throws
  return tree.attempt(() => {
    const result = synchronous(recipe());
    tree.settle();
    return result;
  });
}

/** @throws VeloxError `async-recipe` for a promise. */
export function synchronous<R>(result: R): R {
  if (isThenable(result)) {
    // its drafts are dead, so it will most likely fail a second time: nobody waits for that
    result.then(undefined, () => {});
    throw new VeloxError('async-recipe', 'a recipe was asynchronous. Await first, then change the state.');
  }
  return result;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function';
}
