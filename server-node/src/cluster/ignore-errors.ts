/** The part of an event emitter that is used. */
export interface ErrorEmitter {
  on(event: 'error', listener: () => void): unknown;
}

const ignored = new WeakSet<ErrorEmitter>();

/**
 * Keeps the process alive if an emitter reports an error: without a listener, each one is an uncaught exception. The calls that meet the
 * error reject with it, so nothing else is lost.
 */
export function ignoreErrors(emitter: ErrorEmitter): void {
  if (ignored.has(emitter)) return;
  ignored.add(emitter);
  emitter.on('error', () => {});
}
