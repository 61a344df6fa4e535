import type { Messaging } from '../messaging/messaging.js';
import type { Sessions } from '../sessions/sessions.js';
import type { Topics } from '../topics/topics.js';
import type { Views } from '../views/views.js';

/** The numbers of a hub: sessions, topics and traffic. */
export interface HubStats {
  readonly topics: number;
  /** Audiences of topics with a view, over all topics. */
  readonly audiences: number;
  /** With a link or without. */
  readonly sessions: number;
  /** Those of them that have no link now and may come back. */
  readonly away: number;
  /** Rooms that have members. */
  readonly rooms: number;
  /** Different public names of sessions. */
  readonly names: number;
  /** Members that presence shows, over all rooms. */
  readonly presence: number;
  /** Topics wanted, over all sessions. */
  readonly subscriptions: number;
  /** Bytes that were written and that the network has not taken yet, over all sessions. */
  readonly waiting: number;
  /**
   * Revisions that a session did not get one by one because its outlet was full, and the steps that replaced
   * them.
   */
  readonly skipped: number;
  readonly caughtUp: number;
  /** Copies of clients that differed from the value and were fetched again. Each one means a bug or a fault in
   * the network. */
  readonly diverged: number;
  /** Events of clients that were dropped because a schema refused their data. */
  readonly invalid: number;
  /** Events that clients did not receive because too many were kept, or because they refused them. */
  readonly dropped: number;
}

/** Collects the numbers of the parts of a hub. */
export function statsOf(
  { size: topics, subscriptions }: Topics,
  { audiences }: Views,
  { size: sessions, away, waiting, traffic }: Sessions,
  { rooms, names, presence }: Messaging,
): HubStats {
  return {
    ...{ topics, audiences, sessions, away, subscriptions, waiting, ...traffic },
    ...{ rooms: rooms.size, names: names.size, presence: presence?.size ?? 0 },
  };
}
