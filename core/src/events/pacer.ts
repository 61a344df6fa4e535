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
  /** How many frames may leave in so many ms: 0.4 of the server's rate per second, since they may arrive together. */
  const PACE_MS = 500;
  /** A fifth is left for frames that are no events: subscriptions, acknowledgements, pings. */
  const SHARE = 0.4;
  /** Before a server has named its limit. */
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
