/** Goes on with a value: at once where it is there, else, whatever kind of promise it is, when it is. */
export function whenThere<T, R>(value: T | PromiseLike<T>, go: (value: T) => R): R | Promise<Awaited<R>> {
  return isThenable(value) ? (Promise.resolve(value).then(go) as Promise<Awaited<R>>) : go(value);
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
}
