/** The counters of a hub for the bytes and messages that leave it. */
export interface Traffic {
  /** Revisions that a session did not get one by one, because its outlet was full. */
  skipped: number;
  /** Steps that made up for them, each for one session and topic. */
  caughtUp: number;
  /** Copies that turned out to differ from the value. */
  diverged: number;
  /** Events of clients that a schema refused. */
  invalid: number;
  /** Events that clients did not receive because too many were kept. */
  dropped: number;
}
