import { isHidden } from './world.js';

/** How long a link that was not heard of while we slept gets to prove that it lives. */
const PROBE = 5_000;
/** A timer that is later than this did not just wait its turn: the machine slept, or the page was frozen. */
const LATE = 1_000;

/**
 * Exponential back-off from 100 ms with full jitter (any delay from 0 to the bound is equally likely). The bound is at most
 * 1 s in the first 10 s after a loss, then 5 s, and 20 s where nobody looks.
 *
 * @returns how long to wait before the next attempt, in ms. After a success make a new one.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function createBackoff(): () => number {
  let lost: number | undefined;
  let bound = 50;
  return () => {
    lost ??= Date.now();
    bound *= 2;
    const cap = isHidden() ? 20_000 : Date.now() - lost < 10_000 ? 1_000 : 5_000;
    return Math.random() * Math.min(bound, cap);
  };
}

/** Notices that a link died without a word. */
export interface Watchdog {
  /** Begins to watch: dead after `limit` ms without a byte. */
  readonly start: (limit: number) => void;
  /** Something arrived. `extra`: and the next thing may take that many ms longer. */
  readonly feed: (extra?: number) => void;
  /** There is doubt: ask the peer, and give it 5 s to answer. */
  readonly probe: () => void;
  readonly stop: () => void;
}

/**
 * Judges by the clock, not by the timer: one that fires late (after sleep, or in a frozen page) says nothing of a link whose
 * bytes wait to be read, so then the link is probed first.
 *
 * @param ask sends something that has to be answered, if the link can.
 */
export function createWatchdog(onDead: () => void, ask: () => void): Watchdog {
  let limit: number;
  /** When something was last heard, or will have been when what was announced is here. */
  let heard: number;
  let timer: ReturnType<typeof setTimeout>;

  const feed = (extra = 0): void => {
    heard = Date.now() + extra;
  };
  const arm = (wait: number): void => {
    const due = Date.now() + wait;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const left = heard + limit - Date.now();
      // In steps: a timer of more than 24.8 days would fire at once.
      if (left > 0) arm(Math.min(left, limit));
      else if (Date.now() - due > LATE) probe();
      else onDead();
    }, wait);
  };
  const probe = (): void => {
    heard = Math.max(heard, Date.now()) + PROBE - limit;
    arm(PROBE);
    ask();
  };
  return {
    start(ms) {
      limit = ms;
      feed();
      arm(ms);
    },
    feed,
    probe,
    stop: () => clearTimeout(timer),
  };
}
