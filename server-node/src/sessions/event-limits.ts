export type { DropCode } from '../wire/message.js';

/** What happens to the events of a client that reads too slowly. */
export type Overflow = 'drop-oldest' | 'drop-newest' | 'close';

/** The most events that a session keeps: the unacknowledged ones and those that wait. */
export interface EventLimits {
  /** Default 1,000. */
  readonly count: number;
  /** Bytes of JSON; default 1 MiB. A single event is kept even if it is larger. */
  readonly size: number;
  /**
   * Default `drop-oldest`: the oldest of the longest channel is dropped. `drop-newest`: the newest one. `close`: the session ends with
   * `too-slow`. While a client reads, and with `drop-oldest`, unacknowledged events are given up before any that wait.
   */
  readonly overflow: Overflow;
}

export const DEFAULT_EVENT_LIMITS: EventLimits = { count: 1_000, size: 1 << 20, overflow: 'drop-oldest' };

/** What happens to an event: it leaves with the next write, it waits, or it is lost. */
export type Sent = 'sent' | 'queued' | 'dropped';
