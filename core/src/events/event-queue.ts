import type { EventFrame } from '../protocol/frames.js';

/** So many events may be under way at a time, and as many may wait for them. */
const COUNT = 1_000;
/** How long an event may be without a link, in ms: an outage of 10 s, and 5 s to be back. */
const AGE = 15_000;

/** What an event carries. */
export type Emitted = Pick<EventFrame, 'event' | 'data'>;

/** Events on their way to the server, kept until it has them. */
export interface EventQueue {
  readonly size: () => number;
  readonly add: (emitted: Emitted) => void;
  /** The next frames to be written on this link, at most `count`. */
  readonly take: (count: number) => EventFrame[];
  /** The session has all up to this number. */
  readonly acknowledge: (seq: number) => void;
  /** The link is lost: from now on, time counts. */
  readonly suspend: () => void;
  /**
   * There is a link again, of the same session or another: what is not acknowledged is taken once more.
   *
   * @param fits whether another session takes it
   */
  readonly resume: (isSame: boolean, ack: number, fits: (emitted: Emitted) => boolean) => void;
  readonly clear: () => void;
}

interface Kept extends Emitted {
  /** When the link was lost on which it might have gone, or since when it waits for one. */
  lostAt?: number;
}

/**
 * Creates a queue that numbers events from 1 in each session; a new session gets what the last one has not acknowledged, numbered anew.
 *
 * @param onDrop told how many were given up, because they waited too long, or too many did
 */
export function createEventQueue(onDrop: (count: number) => void): EventQueue {
  let kept: Kept[] = [];
  /** The number of the newest event before those kept. */
  let base = 0;
  /** How many of those kept, from the first on, have a number in this session, and how many were written on this link. */
  let numbered = 0;
  let written = 0;
  let suspended = true;
  let timer: ReturnType<typeof setTimeout>;

  const shift = (count: number): void => {
    kept.splice(0, count);
    base += count;
    numbered = Math.max(numbered - count, 0);
    written = Math.max(written - count, 0);
  };
  const drop = (count: number): void => {
    if (count > 0) onDrop(count);
  };
  const acknowledge = (seq: number): void => shift(Math.min(Math.max(seq - base, 0), numbered));
  const expire = (): void => {
    clearTimeout(timer);
    if (!suspended) return;
    const young = kept.findIndex(({ lostAt }) => lostAt! + AGE > Date.now());
    const old = young < 0 ? kept.length : young;
    shift(old);
    if (kept[0]) timer = setTimeout(expire, kept[0].lostAt! + AGE - Date.now());
    drop(old);
  };

  return {
    size: () => kept.length,
    add(emitted) {
      kept.push(suspended ? { ...emitted, lostAt: Date.now() } : emitted);
      if (kept.length - numbered > COUNT) {
        kept.splice(numbered, 1);
        drop(1);
      }
      if (kept.length === 1) expire();
    },
    take(count) {
      const from = written;
      written = Math.min(from + count, COUNT, kept.length);
      numbered = Math.max(numbered, written);
      const due = kept.slice(from, written);
      return due.map(({ event, data }, index) => ({ event, data, seq: base + from + index + 1 }));
    },
    acknowledge,
    suspend() {
      suspended = true;
      written = 0;
      for (const each of kept) each.lostAt ??= Date.now();
      expire();
    },
    resume(isSame, ack, fits) {
      const before = kept.length;
      if (!isSame) {
        base = numbered = 0;
        kept = kept.filter(fits);
      }
      const unfit = before - kept.length;
      acknowledge(ack);
      expire(); // the timer may be late: the machine slept
      suspended = false;
      clearTimeout(timer);
      drop(unfit);
    },
    clear() {
      clearTimeout(timer);
      kept = [];
      numbered = written = 0;
    },
  };
}
