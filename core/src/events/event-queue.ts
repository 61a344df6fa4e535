import { now } from '../platform/clock.js';

/** How many events may be under way at a time, and how many may wait for them. */
const COUNT = 1_000;
/** How long an event may be without a link, in ms: an outage of 10 s, and 5 s to be back. */
const MAX_AGE_MS = 15_000;

/** Events on their way to the server, kept until it has acknowledged them; as text without the end of the frame. */
export interface EventQueue {
  readonly size: () => number;
  /**
   * Adds a frame, as text without its end.
   *
   * @param onDrop called if it is given up before it was written, or never acknowledged
   */
  readonly add: (text: string, onDrop?: () => void) => Ticket;
  /** Takes a frame back that was not written, or that another session is not to get. */
  readonly remove: (ticket: Ticket) => void;
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

/** A frame in the queue. */
export interface Ticket {
  /** Whether it was written in this session or a former one. */
  readonly isWritten: boolean;
}

interface Kept extends Ticket {
  readonly text: string;
  isWritten: boolean;
  readonly onDrop: (() => void) | undefined;
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

  const shift = (count: number): Kept[] => {
    const gone = kept.splice(0, count);
    base += count;
    numbered = Math.max(numbered - count, 0);
    written = Math.max(written - count, 0);
    return gone;
  };
  const drop = (gone: readonly Kept[]): void => {
    if (gone.length) onDrop(gone.length);
    for (const each of gone) each.onDrop?.();
  };
  const acknowledge = (seq: number): void => void shift(Math.min(Math.max(seq - base, 0), numbered));
  const expire = (): void => {
    clearTimeout(timer);
    if (!suspended) return;
    const young = kept.findIndex(({ lostAt }) => lostAt! + MAX_AGE_MS > now());
    const old = young < 0 ? kept.length : young;
    const gone = shift(old);
    if (kept[0]) timer = setTimeout(expire, kept[0].lostAt! + MAX_AGE_MS - now());
    drop(gone);
  };

  return {
    size: () => kept.length,
    add(text, onDrop) {
      const ticket: Kept = { text, isWritten: false, onDrop, ...(suspended && { lostAt: now() }) };
      kept.push(ticket);
      if (kept.length - numbered > COUNT) drop(kept.splice(numbered, 1));
      if (kept.length === 1) expire();
      return ticket;
    },
    remove(ticket) {
      const at = kept.indexOf(ticket as Kept);
      if (at >= numbered) kept.splice(at, 1);
    },
    take(count) {
      const from = written;
      written = Math.min(from + count, COUNT, kept.length);
      numbered = Math.max(numbered, written);
      const due = kept.slice(from, written);
      return due.map((each) => {
        each.isWritten = true;
        const seq = isFirst ? `,"seq":${base + from + 1}` : '';
        isFirst = false;
        return `${each.text}${seq}}`;
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
      let unfit: Kept[] = [];
      if (!isSame) {
        base = numbered = 0;
        unfit = kept.filter(({ text }) => !fits(text));
        kept = kept.filter((each) => !unfit.includes(each));
      }
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
