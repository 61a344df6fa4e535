import type { EventFrame } from './protocol.js';

/** What waits for the server: at most so many events, and without a link for so many ms: an outage of 10 s, and 5 s to be back. */
const COUNT = 1_000;
const AGE = 15_000;

/** Events on their way to the server, kept until it has them. */
export interface EventQueue {
  readonly size: () => number;
  /** Takes one in; returns its frame. */
  readonly add: (event: string, data: unknown) => EventFrame;
  /** The session has all up to this number. */
  readonly acknowledge: (seq: number) => void;
  /** The link is lost: from now on, time counts. */
  readonly suspend: () => void;
  /** There is a link again, of the same session or another; returns what has to be sent (again). */
  readonly resume: (isSame: boolean, ack: number) => EventFrame[];
  readonly clear: () => void;
}

/**
 * Creates a queue that numbers events from 1 in each session; a new session gets what the last one has not acknowledged, numbered anew.
 *
 * @param onDrop told how many were given up, because they waited too long, or too many did
 */
export function createEventQueue(onDrop: (count: number) => void): EventQueue {
  let kept: { readonly event: string; readonly data: unknown; readonly at: number }[] = [];
  /** The number of the newest event before those kept. */
  let base = 0;
  let suspended = true;
  let timer: ReturnType<typeof setTimeout>;

  const shift = (count: number): void => {
    kept = kept.slice(count);
    base += count;
  };
  const drop = (count: number): void => {
    shift(count);
    if (count > 0) onDrop(count);
  };
  const acknowledge = (seq: number): void => shift(Math.min(Math.max(seq - base, 0), kept.length));
  const expire = (): void => {
    clearTimeout(timer);
    if (!suspended) return;
    const young = kept.findIndex(({ at }) => at + AGE > Date.now());
    drop(young < 0 ? kept.length : young);
    if (kept[0]) timer = setTimeout(expire, kept[0].at + AGE - Date.now());
  };
  const frameAt = (index: number): EventFrame => {
    const { event, data } = kept[index]!;
    return { event, data, seq: base + index + 1 };
  };

  return {
    size: () => kept.length,
    add(event, data) {
      kept.push({ event, data, at: Date.now() });
      if (kept.length > COUNT) drop(1);
      if (kept.length === 1) expire();
      return frameAt(kept.length - 1);
    },
    acknowledge,
    suspend() {
      suspended = true;
      kept = kept.map((each) => ({ ...each, at: Date.now() }));
      expire();
    },
    resume(isSame, ack) {
      if (!isSame) base = 0;
      acknowledge(ack);
      expire(); // the timer may be late: the machine slept
      suspended = false;
      clearTimeout(timer);
      return kept.map((_, index) => frameAt(index));
    },
    clear() {
      clearTimeout(timer);
      kept = [];
    },
  };
}
