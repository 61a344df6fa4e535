import type { DropCode, EventOptions } from '../connection/options.js';
import { now } from '../platform/clock.js';
import { attempt } from '../reactive/readable.js';

/** The longest time that a timer can wait, in ms. A timer of more fires immediately. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Events on their way to the server, kept until it has acknowledged them; as text without the end of the frame. */
export interface EventQueue {
  readonly size: () => number;
  /**
   * Adds a frame, as text without its end.
   *
   * @param lane its channel; lanes take turns
   * @param onDrop called if it is given up
   */
  readonly add: (text: string, lane?: string, onDrop?: (code: DropCode) => void) => Ticket;
  /** Takes a frame back: it is not written to another session, and in this one only if it has a number there already. */
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

interface Kept {
  readonly text: string;
  readonly lane: string;
  readonly onDrop: ((code: DropCode) => void) | undefined;
  isWritten: boolean;
  /** Only this session may get it again, because its number must not be missing there. */
  isRemoved?: boolean;
  /** When the link was lost on which it might have left, or since when it waits for one. */
  lostAt: number | undefined;
}

/**
 * Creates a queue that numbers events when they are written, from 1 in each session. Only the first event of a link carries its number.
 * A new session gets the events that the last one has not acknowledged, renumbered.
 *
 * @param onDropped called with how many were given up
 */
export function createEventQueue(
  onDropped: (count: number) => void,
  { count: most = 1_000, age = 15_000, onDrop: onDropOfAny }: EventOptions = {},
): EventQueue {
  /** The numbered ones of this session, from `base + 1` on; so many of them were written on this link. */
  let sent: Kept[] = [];
  let base = 0;
  let written = 0;
  /** The waiting ones, by lane. An empty lane is removed at its turn. */
  const lanes = new Map<string, Kept[]>();
  let isFirst = true;
  let suspended = true;
  let timer: ReturnType<typeof setTimeout>;

  const waiting = (): Kept[] => [...lanes.values()].flat();
  const all = (): Kept[] => [...sent, ...waiting()];
  const size = (): number => all().length;
  const enqueue = (each: Kept): void => {
    const lane = lanes.get(each.lane) ?? [];
    lanes.set(each.lane, lane); // an old one keeps its turn
    lane.push(each);
  };
  const shift = (count: number): Kept[] => {
    const gone = sent.splice(0, Math.max(count, 0));
    base += gone.length;
    written = Math.max(written - gone.length, 0);
    return gone;
  };
  const drop = (all: readonly Kept[], code: DropCode): void => {
    const gone = all.filter(({ isRemoved }) => !isRemoved);
    if (!gone.length) return;
    onDropped(gone.length);
    attempt(() => onDropOfAny?.(code, gone.length));
    for (const { onDrop, isWritten } of gone) attempt(() => onDrop?.(isWritten ? 'unknown-outcome' : code));
  };
  const acknowledge = (seq: number): void => void shift(seq - base);
  const expire = (): void => {
    clearTimeout(timer);
    if (!suspended) return;
    const left = ({ lostAt }: Kept): number => lostAt! + age - now();
    const old = (all: readonly Kept[]): number => all.filter((each) => left(each) <= 0).length;
    const gone = shift(old(sent));
    for (const lane of lanes.values()) gone.push(...lane.splice(0, old(lane)));
    if (size()) timer = setTimeout(expire, Math.min(...all().map(left), LONGEST_TIMER_MS));
    drop(gone, 'expired');
  };

  return {
    size,
    add(text, lane = '', onDrop) {
      const ticket: Kept = { text, lane, onDrop, isWritten: false, lostAt: suspended ? now() : undefined };
      enqueue(ticket);
      const [longest] = [...lanes.values()].sort((one, other) => other.length - one.length);
      if (waiting().length > most) drop(longest!.splice(0, 1), 'overflow');
      if (size() === 1) expire();
      return ticket;
    },
    remove(ticket) {
      const kept = ticket as Kept;
      kept.isRemoved = true;
      lanes.set(kept.lane, lanes.get(kept.lane)?.filter((each) => each !== kept) ?? []);
    },
    take(count) {
      const end = Math.min(written + count, most);
      for (const [name, lane] of lanes) {
        if (sent.length >= end) break;
        lanes.delete(name);
        const next = lane.shift();
        if (!next) continue;
        sent.push(next);
        lanes.set(name, lane); // this loop comes to it again, after the other lanes
      }
      return sent.slice(written, end).map((each) => {
        each.isWritten = true;
        const seq = isFirst ? `,"seq":${base + written + 1}` : '';
        isFirst = false;
        written++;
        return `${each.text}${seq}}`;
      });
    },
    acknowledge,
    suspend() {
      suspended = true;
      written = 0;
      for (const each of all()) each.lostAt ??= now();
      expire();
    },
    resume(isSame, ack, fits) {
      const unfit: Kept[] = [];
      if (!isSame) {
        const former = all().filter(({ isRemoved }) => !isRemoved);
        sent = [];
        base = 0;
        lanes.clear();
        for (const each of former) {
          if (fits(each.text)) enqueue(each);
          else unfit.push(each);
        }
      }
      acknowledge(ack);
      isFirst = true;
      expire(); // the timer may be late: the machine slept
      suspended = false;
      clearTimeout(timer);
      drop(unfit, 'refused');
    },
    clear() {
      clearTimeout(timer);
      const lost = waiting();
      sent = [];
      lanes.clear();
      drop(lost, 'closed');
    },
  };
}
