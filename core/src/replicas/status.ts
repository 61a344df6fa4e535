import { createCell, type Cell } from '../reactive/readable.js';

/** Why something is not as it should be: a code for programs, a text for people. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** How a connection is doing, or one topic on it. */
export interface Status {
  /**
   * - `connecting`: no hello yet; with attempt 0, nobody has wanted anything yet
   * - `open`: the server answered
   * - `waiting`: the link was lost or refused; the next attempt is at `retryAt`
   * - `offline`: the same, but the browser knows of no network; goes on by itself
   * - `closed`: by `close()`, or by a server that does not want us back
   */
  readonly state: 'connecting' | 'open' | 'waiting' | 'offline' | 'closed';
  /** Whether something wanted is not known to be what the server has now. A value that is there may be shown all the same. */
  readonly stale: boolean;
  /** What went wrong last; gone once it is right again. */
  readonly reason?: Reason | undefined;
  /** Name of the transport that carries the link, or is tried. */
  readonly transport?: string | undefined;
  /** Counts the attempts since the last success, all transports in turn as one; 0 while open. */
  readonly attempt: number;
  /** When the next attempt is due, in ms since 1970. */
  readonly retryAt?: number | undefined;
  /** How often a copy turned out to differ from the server's value and was fetched anew: a fault of somebody; absent for never. */
  readonly diverged?: number | undefined;
  /** The session's id, on the last link that was open. It is secret. */
  readonly session?: string | undefined;
  /** The version of the protocol that the server speaks. */
  readonly protocol?: number | undefined;
}

/** Before anything was wanted; also what a server renders. */
export const IDLE: Status = { state: 'connecting', stale: true, attempt: 0 };

/** Creates a cell that keeps its status while the next one says the same, so that nobody is told of nothing. */
export function createStatus(): Cell<Status> {
  const cell = createCell(IDLE);
  return {
    ...cell,
    set(next) {
      if (JSON.stringify(next) !== JSON.stringify(cell.get())) cell.set(next);
    },
  };
}
