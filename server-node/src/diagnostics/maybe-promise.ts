/**
 * Results of application callbacks. Each value with a `then` is a promise: from another realm, from a library, or
 * broken. Every callback's
 * result goes through here, so that none of them becomes an unhandled rejection.
 */

/** Calls `go` with a value: now if it is no promise, else when the promise (of any kind) fulfils. */
export function thenOrNow<T, R>(value: T | PromiseLike<T>, go: (value: T) => R): R | Promise<Awaited<R>> {
  return isThenable(value) ? (Promise.resolve(value).then(go) as Promise<Awaited<R>>) : go(value);
}

/** Whether a value is a promise of any kind. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
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
