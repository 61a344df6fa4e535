import type { ErrorCode } from '../protocol/error.js';
import { createCell, once, type Cell, type Readable } from '../reactive/readable.js';

/**
 * Why a connection or a topic is not as it should be: one of the server's codes, or one of the client's own.
 *
 * - `lost`: the link ended; `silent`: nothing was heard for too long; `buffered`: something in between holds answers back
 * - `refused`: an HTTP status without a code of Velox; `not-velox`: something else answers at the URL
 * - `not-sticky`: a load balancer sends the requests of one session to several servers
 * - `auth`: `auth` or `headers` threw, or gave no answer in 10 s
 * - `stale`: the server does not know whether the topic is current
 *
 * A server that ends a session for its application gives a code of the application's.
 */
export type ReasonCode =
  | ErrorCode
  | 'internal'
  | 'replaced'
  | 'lost'
  | 'silent'
  | 'buffered'
  | 'refused'
  | 'not-velox'
  | 'not-sticky'
  | 'auth'
  | 'stale'
  | (string & {}); // keeps the others in the completion of editors

/** Why something is not as it should be: a code for programs, a text for people. */
export interface Reason {
  readonly code: ReasonCode;
  readonly message: string;
  /** The topic, if the server denies it. */
  readonly denied?: string | undefined;
}

/** How a connection is doing, or one topic on it. */
export interface Status {
  /**
   * - `idle`: nothing is wanted, so there is no link
   * - `connecting`: an attempt is under way, and the server has not answered yet
   * - `open`: the server answered
   * - `waiting`: the link was lost or refused; the next attempt is at `retryAt`
   * - `offline`: the same, but the browser claims that there is no network; an attempt is made every 20 s all the same
   * - `closed`: by `close()`, by a server that wants no further attempt, or after `maxAttempts`
   */
  readonly state: 'idle' | 'connecting' | 'open' | 'waiting' | 'offline' | 'closed';
  /** Whether a wanted topic may differ from the server's value. Its last value may be shown all the same. */
  readonly stale: boolean;
  /** The last error; absent once the topic has recovered. */
  readonly reason?: Reason | undefined;
  /** Name of the transport that carries the link, or is tried. */
  readonly transport?: string | undefined;
  /** Attempts since the last link that served for 5 s, all transports in turn as one; 0 while open. */
  readonly attempt: number;
  /** When the next attempt is due, in ms since 1970. */
  readonly retryAt?: number | undefined;
  /** How often a copy turned out to differ from the server's value and was fetched again, because of a fault; absent for never. */
  readonly diverged?: number | undefined;
  /** The version of the protocol that the server speaks. */
  readonly protocol?: number | undefined;
}

/** The status before any subscription; server rendering shows it too. */
export const IDLE: Status = { state: 'idle', stale: true, attempt: 0 };

/** Creates a cell that keeps its status while the next one is equal, so that listeners run only for changes. */
export const createStatus = (): Cell<Status> =>
  createCell(IDLE, (next, value) => JSON.stringify(next) === JSON.stringify(value));

/** A status that follows from another one. */
export interface DerivedStatus extends Readable<Status> {
  /** Notifies listeners, if the result has changed. */
  readonly refresh: () => void;
}

/** Derives a status from that of a connection. It follows its base only while it has listeners; without any, `get` computes it. */
export function deriveStatus(base: Readable<Status>, derive: (base: Status) => Status): DerivedStatus {
  const cell = createStatus();
  let listeners = 0;
  let unfollow: () => void;
  const update = (): void => cell.set(derive(base.get()));
  return {
    get() {
      if (!listeners) update();
      return cell.get();
    },
    refresh() {
      if (listeners) update();
    },
    subscribe(onChange) {
      if (!listeners++) {
        update(); // before there is a listener
        unfollow = base.subscribe(update);
      }
      const off = cell.subscribe(onChange);
      return once(() => {
        off();
        if (!--listeners) unfollow();
      });
    },
  };
}
