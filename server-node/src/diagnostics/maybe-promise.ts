import { VeloxError } from '@velox/core/protocol';

/**
 * Results of application callbacks. Each value with a `then` is a promise: from another realm, from a library, or broken. Every
 * callback's result goes through here, so that none of them becomes an unhandled rejection.
 */

/** Calls `go` with a value: now if it is no promise, else when the promise (of any kind) fulfils. */
export function thenOrNow<T, R>(value: T | PromiseLike<T>, go: (value: T) => R): R | Promise<Awaited<R>> {
  return isThenable(value) ? (Promise.resolve(value).then(go) as Promise<Awaited<R>>) : go(value);
}

/** Whether a value is a promise of any kind. One whose `then` cannot be read counts as well: as a promise, it rejects. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  try {
    return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
  } catch {
    return true;
  }
}

/**
 * Returns the result of a callback that must not be asynchronous.
 *
 * @param name names the callback in the error
 * @throws VeloxError `bad-option` for a promise, which then rejects without harm.
 */
export function synchronous<T>(value: T, name: string): T {
  if (!isThenable(value)) return value;
  whenRejected(value, () => undefined);
  throw new VeloxError('bad-option', `${name} returned a promise. Return the value itself.`);
}

/** Calls `onError` if a value is a promise that rejects, or whose `then` throws. */
export function whenRejected(value: unknown, onError: (error: unknown) => void): void {
  if (isThenable(value)) Promise.resolve(value).catch(onError);
}

/**
 * Calls a callback whose result is not used; `onError` gets its error or rejection.
 *
 * @returns the value that it returned
 */
export function attempt(callback: () => unknown, onError: (error: unknown) => void): unknown {
  try {
    const result = callback();
    whenRejected(result, onError);
    return result;
  } catch (error) {
    onError(error);
    return undefined;
  }
}
