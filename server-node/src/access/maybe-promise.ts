/** Calls `go` with a value: now if it is no promise, else when the promise (of any kind) fulfils. */
export function thenOrNow<T, R>(value: T | PromiseLike<T>, go: (value: T) => R): R | Promise<Awaited<R>> {
  return isThenable(value) ? (Promise.resolve(value).then(go) as Promise<Awaited<R>>) : go(value);
}

/** Whether a value is a promise of any kind. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
}
