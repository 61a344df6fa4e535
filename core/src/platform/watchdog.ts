import { now } from './clock.js';

/** How long a link that was silent while we slept may take to answer a probe. */
const PROBE_MS = 5_000;
/** A timer that is later than this did not just wait its turn: the machine slept, or the page was frozen. */
const LATE_TIMER_MS = 1_000;
/** So many late timers without a byte between them: the page is in the background, where all are late, and the link is dead. */
const MOST_LATE = 3;
/** The longest time between two checks of the clock, so that waking up is noticed soon. */
const STEP_MS = 5_000;

/** Notices that a link died silently. */
export interface Watchdog {
  /** Begins to watch: dead after `limit` ms without a byte. */
  readonly start: (limit: number) => void;
  /** Bytes arrived. `extra`: the next ones may take that many ms longer. */
  readonly feed: (extra?: number) => void;
  /** The link is in doubt: ask the peer, and give it 5 s from the first question that it has not answered. */
  readonly probe: () => void;
  readonly stop: () => void;
}

/**
 * Judges by the clock and not by the timer. A timer that fires late (after sleep, or in a frozen page) proves
 * nothing about a link whose bytes wait to be read, so then the link is probed first. Only sleep is measured
 * by wall time, since a monotonic clock may stop meanwhile.
 *
 * @param ask sends a frame that the peer has to answer, if the link can.
 */
export function createWatchdog(onDead: () => void, ask: () => void): Watchdog {
  let limit: number;
  /** When the last byte arrived, or when an announced message should have. */
  let heard: number;
  /** Whether the peer was asked, and no byte has arrived since. */
  let isAsked: boolean;
  /** Late timers since the last byte. */
  let late: number;
  let timer: ReturnType<typeof setTimeout>;

  const feed = (extra = 0): void => {
    heard = now() + extra;
    isAsked = false;
    late = 0;
  };
  const arm = (wait: number): void => {
    const due = now() + wait;
    const wallDue = Date.now() + wait;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const left = heard + limit - now();
      const isLate = Math.max(now() - due, Date.now() - wallDue) > LATE_TIMER_MS;
      if (isLate && ++late < MOST_LATE) {
        isAsked = false; // an answer may wait to be read
        probe();
      } else if (left > 0) arm(Math.min(left, STEP_MS));
      else onDead();
    }, wait);
  };
  const probe = (): void => {
    if (!isAsked) {
      isAsked = true;
      heard = Math.max(heard, now()) + PROBE_MS - limit;
      arm(PROBE_MS);
    }
    ask();
  };
  return {
    start(ms) {
      limit = ms;
      feed();
      arm(Math.min(ms, STEP_MS));
    },
    feed,
    probe,
    stop: () => clearTimeout(timer),
  };
}
