import { VeloxError } from '@velox/core/protocol';
import { isContainer } from '../tree/container.js';
import { handleOf } from './handle.js';

/**
 * Returns the result of a recipe.
 *
 * @throws VeloxError `async-recipe` for a promise.
 */
export function noPromise<R>(result: R): R {
  if (isThenable(result)) {
    // Its drafts are dead, so it will most likely fail a second time.
    result.then(undefined, () => {});
    throw new VeloxError('async-recipe', 'a recipe was asynchronous. Await first, then change the state.');
  }
  return result;
}

/**
 * The value that a recipe returned to replace `value`; undefined if no replacement is meant. Recipes with an expression body return the
 * value of their expression: `(d) => d.n++`, `(d) => d.isOn && d.rows.push(row)`, `(d) => (d.users.ann ??= {})`. So a returned value is
 * ignored after a write, and so is a draft, or a primitive in place of an object or array.
 */
export function replacement(value: unknown, result: unknown, wrote: boolean): unknown {
  if (wrote || result === undefined) return undefined;
  if (isContainer(result) && handleOf(result)) return undefined;
  const isPrimitive = !isContainer(result) && typeof result !== 'function' && typeof result !== 'symbol';
  return isContainer(value) && isPrimitive ? undefined : result;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function';
}
