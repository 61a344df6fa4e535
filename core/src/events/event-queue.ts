import { now } from '../platform/clock.js';

/** How many events may be under way at a time, and how many may wait for them. */
const COUNT = 1_000;
/** How long an event may be without a link, in ms: an outage of 10 s, and 5 s to be back. */
const MAX_AGE_MS = 15_000;

/** Events on their way to the server, kept until it has acknowledged them; as text without the end of the frame. */
export interface EventQueue {
  readonly size: () => number;
  readonly add: (text: string) => void;
  /** The next frames to be written on this link, as JSON text, at most `count`. */
  readonly take: (count: number) => string[];
  /** The session has all up to this number. */
  readonly acknowledge: (seq: number) => void;
  /** The link is lost: from now on, events age. */
  readonly suspend: () => void;
  /**
   * There is a link again, of the same session or another: frames that are not acknowledged are taken once more.
   *
   * @param fits whether another session takes it
   */
  readonly resume: (isSame: boolean, ack: number, fits: (text: string) => boolean) => void;
  readonly clear: () => void;
}

interface Kept {
  readonly text: string;
  /** When the link was lost on which it might have left, or since when it waits for one. */
  lostAt?: number;
}

/**
 * Creates a queue that numbers events when they are written, from 1 in each session. Only the first event of a link carries its number.
 * A new session gets the events that the last one has not acknowledged, renumbered.
 *
 * @param onDrop called with how many were given up, because they waited too long, or too many did
 */
export function createEventQueue(onDrop: (count: number) => void): EventQueue {
  let kept: Kept[] = [];
  /** The number of the newest event before those kept. */
  let base = 0;
  /** How many of those kept, from the first on, have a number in this session, and how many were written on this link. */
  let numbered = 0;
  let written = 0;
  let isFirst = true;
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
    const young = kept.findIndex(({ lostAt }) => lostAt! + MAX_AGE_MS > now());
    const old = young < 0 ? kept.length : young;
    shift(old);
    if (kept[0]) timer = setTimeout(expire, kept[0].lostAt! + MAX_AGE_MS - now());
    drop(old);
  };

  return {
    size: () => kept.length,
    add(text) {
      kept.push(suspended ? { text, lostAt: now() } : { text });
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
      return due.map(({ text }) => {
        const seq = isFirst ? `,"seq":${base + from + 1}` : '';
        isFirst = false;
        return `${text}${seq}}`;
      });
    },
    acknowledge,
    suspend() {
      suspended = true;
      written = 0;
      for (const each of kept) each.lostAt ??= now();
      expire();
    },
    resume(isSame, ack, fits) {
      const before = kept.length;
      if (!isSame) {
        base = numbered = 0;
        kept = kept.filter(({ text }) => fits(text));
      }
      const unfit = before - kept.length;
      acknowledge(ack);
      isFirst = true;
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
