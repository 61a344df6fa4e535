import { isHidden } from './page.js';

/** How long a link that was not heard of while we slept gets to prove that it lives. */
const PROBE = 5_000;
/** A timer that is later than this did not just wait its turn: the machine slept, or the page was frozen. */
const LATE = 1_000;
/** The longest time between two looks at the clock, so that waking up is noticed soon. */
const STEP = 5_000;

/** How long a way to connect may take until the server answers, in ms. */
export const PATIENCE: number = 4_000;
/** The longest time that a timer can wait, in ms; one of more fires at once. */
export const LONGEST: number = 2 ** 31 - 1;

/** When to connect again after a loss, and how often. */
export interface Retry {
  /**
   * Ms to wait before the next attempt. Default: full jitter below a bound that doubles from 100 ms up to 1 s in the first 10 s after
   * a loss, then 5 s, and 20 s where nobody looks.
   *
   * @param failures attempts since the last success
   * @param elapsed ms since the loss
   */
  readonly delay?: ((failures: number, elapsed: number) => number) | undefined;
  /** After so many attempts without success the status is `closed`, until `reconnect`; default: no end. */
  readonly maxAttempts?: number | undefined;
}

/**
 * Exponential back-off with full jitter: any delay from 0 to a bound is equally likely. The bound doubles from 100 ms up to 1 s in the
 * first 10 s after a loss, then 5 s, and 20 s where nobody looks.
 *
 * @param failures attempts since the last success
 * @param elapsed ms since the loss
 * @returns how long to wait before the next attempt, in ms
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoff(failures: number, elapsed: number): number {
  const cap = isHidden() ? 20_000 : elapsed < 10_000 ? 1_000 : 5_000;
  return Math.random() * Math.min(100 * 2 ** failures, cap);
}

/** For so long after a loss, one way is tried alone. */
const FAITH = 3_000;

/** Whether a loss is so fresh that another failure says more of the network than of the way that was tried. */
export function isRecent(lostAt: number | undefined): boolean {
  return Math.abs(Date.now() - lostAt!) < FAITH; // NaN before the first: no
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
      const late = Date.now() - due;
      if (late < -LATE) feed(); // the clock was set back: of the past it says nothing
      const left = heard + limit - Date.now();
      if (late > LATE) probe();
      else if (left > 0) arm(Math.min(left, STEP));
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
      arm(Math.min(ms, STEP));
    },
    feed,
    probe,
    stop: () => clearTimeout(timer),
  };
}
