export type { DropCode } from '../wire/message.js';

/** The treatment of a client that reads too slowly. */
export type Overflow = 'drop-oldest' | 'drop-newest' | 'close';

/** The most unacknowledged and waiting events that a session keeps. */
export interface EventLimits {
  /** Default 1,000. */
  readonly count: number;
  /** Bytes of JSON; default 1 MiB. A single event is kept even if it is larger. */
  readonly size: number;
  /**
   * Default `drop-oldest`: the oldest of the longest channel is dropped. `drop-newest`: the newest one. `close`: the session ends with
   * `too-slow`. While a client reads, and with `drop-oldest`, unacknowledged events are given up before waiting ones.
   */
  readonly overflow: Overflow;
}

export const DEFAULT_EVENT_LIMITS: EventLimits = { count: 1_000, size: 1 << 20, overflow: 'drop-oldest' };

/** The fate of an event: it leaves with the next write, it waits, or it is lost. */
export type Sent = 'sent' | 'queued' | 'dropped';
