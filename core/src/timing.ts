const BASE = 100;
const SOON = 10_000;
/** How long a link that was not heard of while we slept gets to prove that it lives. */
const PROBE = 5_000;
/** A timer that is later than this did not just wait its turn: the machine slept, or the page was frozen. */
const LATE = 1_000;
/** Bytes per second below which we do not believe in a message that was announced. */
const SLOWEST = 16 * 1024;

/** Says how long to wait before the next attempt. */
export interface Backoff {
  /** Delay in ms. */
  readonly next: (hidden: boolean) => number;
  /** The link proved good: the next loss starts from the beginning. */
  readonly reset: () => void;
}

/**
 * Exponential back-off from 100 ms with full jitter (any delay from 0 to the bound is equally likely). The bound is at most
 * 1 s in the first 10 s after a loss, then 5 s, and 20 s where nobody looks.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function createBackoff(random: () => number = Math.random): Backoff {
  let lost: number | undefined;
  let bound = BASE;
  return {
    next(hidden) {
      lost ??= Date.now();
      const cap = hidden ? 20_000 : Date.now() - lost < SOON ? 1_000 : 5_000;
      const delay = random() * Math.min(bound, cap);
      bound = Math.min(bound * 2, 20_000);
      return delay;
    },
    reset() {
      lost = undefined;
      bound = BASE;
    },
  };
}

/** Notices that a link died without a word. */
export interface Watchdog {
  /** Starts to watch, or changes the limit: dead after `limit` ms without a byte. */
  readonly start: (limit: number) => void;
  /** Something arrived. */
  readonly feed: () => void;
  /** A message of that many bytes was announced: be patient until it, or anything, is here. */
  readonly expect: (bytes: number) => void;
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
  let limit: number | undefined;
  let heard = 0;
  let patience = 0;
  let due = 0;
  let timer: ReturnType<typeof setTimeout>;

  const arm = (now: number, wait: number): void => {
    clearTimeout(timer);
    due = now + wait;
    timer = setTimeout(check, wait);
  };
  const check = (): void => {
    const now = Date.now();
    const bound = limit! + patience;
    const silent = Math.max(now - heard, 0); // the clock may have been set back
    if (silent < bound) arm(now, bound - silent);
    else if (now - due > LATE) probe();
    else onDead();
  };
  const probe = (): void => {
    if (limit === undefined) return;
    const now = Date.now();
    heard = now + PROBE - limit;
    arm(now, PROBE + patience);
    ask();
  };
  return {
    start(ms) {
      limit = ms;
      heard = Date.now();
      patience = 0;
      arm(heard, ms);
    },
    feed() {
      heard = Date.now();
      patience = 0;
    },
    expect(bytes) {
      patience = (bytes / SLOWEST) * 1_000;
    },
    probe,
    stop() {
      limit = undefined;
      clearTimeout(timer);
    },
  };
}
