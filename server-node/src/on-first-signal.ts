/** For how long a repeated signal is the same one, in ms: a process may get it with its process group, and from its parent. */
const SAME_MS = 500;

/**
 * Calls back at the first of some signals. A signal that comes more than 500 ms later calls `onAgain`, or has its default effect.
 *
 * @returns a function that removes the listeners
 */
export function onFirstSignal(
  signals: readonly NodeJS.Signals[],
  onFirst: (signal: NodeJS.Signals) => void,
  onAgain?: () => void,
): () => void {
  let firstAt: number | undefined;
  const forget = (): void => {
    for (const signal of signals) process.off(signal, listener);
  };
  const listener = (signal: NodeJS.Signals): void => {
    if (firstAt !== undefined) return void (performance.now() - firstAt > SAME_MS && onAgain?.());
    firstAt = performance.now();
    if (!onAgain) setTimeout(forget, SAME_MS).unref();
    onFirst(signal);
  };
  for (const signal of signals) process.on(signal, listener);
  return forget;
}
