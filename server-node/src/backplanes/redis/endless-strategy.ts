/** The longest delay between two attempts if the application gives none, in ms. */
const LONGEST_MS = 2_000;
/** Nodes that lose Redis together connect again at different times, within so many ms. */
const SPREAD_MS = 200;

type Strategy = (attempts: number, cause?: unknown) => unknown;

/** Makes a strategy to connect again that keeps the delays of the application's own one, and never gives up. */
export function endlessStrategy(strategy: unknown): (attempts: number, cause?: unknown) => number {
  return (attempts, cause) => {
    const delay = typeof strategy === 'function' ? (strategy as Strategy)(attempts, cause) : strategy;
    if (typeof delay === 'number') return delay;
    return Math.min(2 ** attempts * 50, LONGEST_MS) + Math.random() * SPREAD_MS;
  };
}
