/** The attempts of a connection so far. */
export interface Tries {
  /** Attempts since the last link that served for 5 s. The transports that one tries in turn are one attempt. */
  count: number;
  /** When the last one began. */
  begunAt?: number;
  /** When the first loss after a success was. */
  lostAt?: number;
  /** Links in a row that ended because their own server did not know the session. */
  strangers?: number;
  /** Whether a refused token was replaced since the last success. */
  isReplaced?: boolean;
  /** The beginning of a frame that ended the last link as `bad-frame`. The next one reports it. */
  refused?: string | undefined;
}

/** The attempts so far, and the transport in use. Recovery writes both. */
export interface Course {
  tries: Tries;
  /** The index of the transport in use; the next attempt uses it. */
  chosen: number;
}

/** Before anything was tried, and after a success. */
export const untried = (): Tries => ({ count: 0 });
