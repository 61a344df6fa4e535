import type { ClientInfo } from '../access/client-info.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Session } from '../sessions/session.js';
import type { Topics } from '../topics/topics.js';
import type { Absence } from './absences.js';
import type { CheckParts } from './checks.js';
import type { SessionHandle } from './session-handle.js';

/** The application's rules and callbacks for sessions. */
export interface MessagingRules<Context = unknown, S = SessionHandle> {
  /** Whether a client may join a room. Default: no client may, and only the server adds sessions, by `session.join`. */
  readonly canJoin?: (context: Context, room: string) => boolean | Promise<boolean>;
  /** A new client is connected. If this returns a promise, its frames wait for it, for at most `limits.handshake` ms. */
  readonly onConnect?: (session: S, client: ClientInfo) => unknown;
  /** The client lost its link; it may come back within `patience` ms. */
  readonly onAway?: (session: S) => unknown;
  /**
   * The client came back to its session. If this returns a promise, its frames wait as for `onConnect`. The events that it sends to the
   * session go before the waiting ones.
   */
  readonly onReconnect?: (session: S, absence: Absence & ClientInfo) => unknown;
  /** The session ended for good: `lost` without a link, or the code that its client got. */
  readonly onDisconnect?: (session: S, reason: string) => unknown;
  /** A client sent an event or a call that has no handler. A call gets `no-handler` all the same. */
  readonly onUnknown?: (session: S, name: string, data: unknown) => unknown;
}

/** The parts of a hub that messaging needs. */
export interface MessagingParts extends CheckParts {
  readonly observer: Observer;
  /** All sessions of the hub, also those that have just moved to another node. */
  readonly all: () => Iterable<Session>;
  /** Ends a session with a goodbye after which its client does not come back. */
  readonly close: (session: Session, code: string, reason: string) => void;
  /** Ends a session whose frame is refused. */
  readonly fail: (session: Session, error: unknown) => void;
  readonly limits: {
    readonly handshake: number;
    readonly rooms: number;
    readonly calls: number;
    readonly presence: number;
  };
  readonly topics: Topics;
}
