import { now } from '../platform/clock.js';

/** Keeps events below the server's limit on frames per second. */
export interface Pacer {
  /** How many events may leave now. */
  readonly left: () => number;
  /** Counts events that have left. If none may leave at present, `onMore` is called as soon as one may. */
  readonly spend: (count: number) => void;
  readonly stop: () => void;
}

/** @param rate frames per second that the server takes now, if it has said so */
export function createPacer(rate: () => number | undefined, onMore: () => void): Pacer {
  /** The period for which frames are counted. */
  const PACE_MS = 500;
  /**
   * The share of the server's rate per second that leaves in one period, at most. Two periods together leave a fifth of the rate for frames
   * that are no events: subscriptions, acknowledgements, pings.
   */
  const SHARE = 0.4;
  /** The rate before a server has named its own. */
  const RATE = 1_000;
  let left = 0;
  let begunAt = -Infinity;
  let timer: ReturnType<typeof setTimeout>;
  return {
    left() {
      if (now() - begunAt >= PACE_MS) {
        begunAt = now();
        left = Math.max(1, Math.floor((rate() ?? RATE) * SHARE));
      }
      return left;
    },
    spend(count) {
      left -= count;
      clearTimeout(timer);
      if (left < 1) timer = setTimeout(onMore, begunAt + PACE_MS - now());
    },
    stop: () => clearTimeout(timer),
  };
}
