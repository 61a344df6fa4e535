/** The part of an event emitter that is used. */
export interface ErrorEmitter {
  on(event: 'error', listener: () => void): unknown;
}

const ignored = new WeakSet<ErrorEmitter>();

/**
 * Keeps the process alive if an emitter reports an error: without a listener, each one is an uncaught exception. The emitter replaces the
 * connection, and calls that find none reject.
 */
export function ignoreErrors(emitter: ErrorEmitter): void {
  if (ignored.has(emitter)) return;
  ignored.add(emitter);
  emitter.on('error', () => {});
}
