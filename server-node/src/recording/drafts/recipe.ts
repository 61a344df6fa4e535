import { VeloxError } from '@velox/core/protocol';

/**
 * What a recipe gives back.
 *
 * @throws VeloxError `async-recipe` for a promise.
 */
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
