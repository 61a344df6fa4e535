import type { DropCode, EventOptions } from '../connection/options.js';
import { now } from '../platform/clock.js';
import { LONGEST_TIMER_MS } from '../protocol/timer.js';
import { attempt } from '../reactive/readable.js';

/** Events on their way to the server, kept until it has acknowledged them; as text without the end of the frame. */
export interface EventQueue {
  readonly size: () => number;
  /**
   * Adds a frame, as text without its end.
   *
   * @param lane its channel; lanes take turns
   * @param onDrop called if it is given up
   * @param isReply a reply is never given up, and only this session gets it; the server ignores its repetitions
   */
  readonly add: (text: string, lane?: string, onDrop?: (code: DropCode) => void, isReply?: boolean) => Ticket;
  /** Whether a frame is kept, because it was neither acknowledged nor given up. */
  readonly has: (ticket: Ticket) => boolean;
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
   * @param check throws if another session does not take a frame
   * @param begin adds what another session gets before them
   */
  readonly resume: (isSame: boolean, ack: number, check: (text: string) => void, begin?: () => void) => void;
  /** Gives up all frames but those on their way over an open link. */
  readonly clear: () => void;
}

/** A frame in the queue. */
export interface Ticket {
  /** Whether it was written in this session or a former one. */
  readonly isWritten?: boolean;
}

interface Kept {
  readonly text: string;
  readonly lane: string;
  readonly onDrop: ((code: DropCode) => void) | undefined;
  readonly isReply: boolean | undefined;
  isWritten?: boolean;
  /** Only this session may get it again, because its number must not be missing there. */
  isRemoved?: boolean;
  /** When it lost the link that it might have left on, or when it began to wait for a link. */
  lostAt?: number;
}

/** Whether it may be lost, and may go to another session. */
const isFree = ({ isRemoved, isReply }: Kept): boolean => !(isRemoved || isReply);

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
  const enqueue = (each: Kept): void => {
    const lane = lanes.get(each.lane) ?? [];
    lanes.set(each.lane, lane); // an old one keeps its turn
    lane.push(each);
  };
  /** Takes a frame out of its lane. */
  const retract = (kept: Kept): void =>
    void lanes.set(
      kept.lane,
      (lanes.get(kept.lane) ?? []).filter((each) => each !== kept),
    );
  const shift = (count: number): Kept[] => {
    const gone = sent.splice(0, Math.max(count, 0));
    base += gone.length;
    written = Math.max(written - gone.length, 0);
    return gone;
  };
  const drop = (all: readonly Kept[], code: DropCode): void => {
    const gone = all.filter(isFree);
    if (!gone.length) return;
    onDropped(gone.length);
    attempt(() => onDropOfAny?.(code, gone.length));
    for (const { onDrop, isWritten } of gone) attempt(() => onDrop?.(isWritten ? 'unknown-outcome' : code));
  };
  const acknowledge = (seq: number): void => void shift(seq - base);
  const expire = (): void => {
    clearTimeout(timer);
    if (!suspended) return;
    const left = (each: Kept): number => (each.lostAt ??= now()) + age - now();
    /** How many end with an old frame before the first young one. */
    const old = (frames: readonly Kept[]): number => {
      let count = 0;
      for (const [at, each] of frames.entries()) {
        if (each.isReply) continue;
        if (left(each) > 0) break;
        count = at + 1;
      }
      return count;
    };
    const gone = shift(old(sent));
    for (const lane of lanes.values()) gone.push(...lane.splice(0, old(lane)));
    // Replies among them wait again, and get other numbers.
    lanes.set('', [...gone.filter(({ isReply }) => isReply), ...(lanes.get('') ?? [])]);
    const ages = all().map(left);
    const ms = Math.min(...ages.filter((ms) => ms > 0));
    if (ms <= LONGEST_TIMER_MS) timer = setTimeout(expire, ms);
    drop(gone, 'expired');
  };

  return {
    size: () => all().length,
    add(text, lane = '', onDrop, isReply) {
      const ticket: Kept = { text, lane, onDrop, isReply };
      enqueue(ticket);
      const free = [...lanes.values()].map((frames) => frames.filter(isFree));
      if (free.flat().length > most) {
        const [[oldest]] = free.sort((one, other) => other.length - one.length) as [[Kept]];
        retract(oldest);
        drop([oldest], 'overflow');
      }
      expire(); // starts the timer
      return ticket;
    },
    has: (ticket) => all().includes(ticket as Kept),
    remove(ticket) {
      (ticket as Kept).isRemoved = true;
      retract(ticket as Kept);
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
        written++;
        const seq = isFirst ? `,"seq":${base + written}` : '';
        isFirst = false;
        return `${each.text}${seq}}`;
      });
    },
    acknowledge,
    suspend() {
      suspended = true;
      written = 0;
      expire();
    },
    resume(isSame, ack, check, begin) {
      if (isSame) acknowledge(ack);
      expire(); // the timer may be late: the machine slept
      suspended = false; // frames that are added from here on have not waited
      clearTimeout(timer);
      isFirst = true;
      if (isSame) return;
      const former = (sent = all()); // until `begin` has ended, `has` finds all of them
      base = 0;
      lanes.clear();
      begin?.();
      sent = waiting(); // they go before all lanes, and no overflow drops them
      lanes.clear();
      const unfit: Kept[] = [];
      for (const each of former.filter(isFree)) {
        try {
          check(each.text);
          enqueue(each);
        } catch {
          unfit.push(each);
        }
      }
      drop(unfit, 'refused');
    },
    clear() {
      clearTimeout(timer);
      const lost = all();
      sent = [];
      lanes.clear();
      drop(lost.slice(written), 'closed'); // the others are on their way
    },
  };
}
