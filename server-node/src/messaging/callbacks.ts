import { UNKNOWN_CLIENT, type ClientInfo } from '../access/client-info.js';
import type { Session } from '../sessions/session.js';
import type { Absence } from './absences.js';
import type { LifeCycle } from './life-cycle.js';
import type { MessagingRules } from './messaging-rules.js';
import type { SessionHandle } from './session-handle.js';

/** Calls the application's callbacks for the life of each session. Each `onConnect` of a node has one `onDisconnect` there. */
export class Callbacks {
  readonly #rules: MessagingRules;
  readonly #lifeCycle: LifeCycle;
  readonly #handleOf: (session: Session) => SessionHandle;
  /** Sessions from another node that have no link here yet: the application has not seen them on this node. */
  readonly #arriving = new WeakSet<Session>();

  constructor(rules: MessagingRules, lifeCycle: LifeCycle, handleOf: (session: Session) => SessionHandle) {
    this.#rules = rules;
    this.#lifeCycle = lifeCycle;
    this.#handleOf = handleOf;
  }

  /** A session comes from another node: its next link is the first one here. */
  arriving(session: Session): void {
    this.#arriving.add(session);
  }

  /** A session has a link. Returns whether it comes back to it, on this node or from another one. */
  attached(session: Session, client: () => ClientInfo): boolean {
    const isMoved = this.#arriving.delete(session);
    if (isMoved || session.links === 1) this.#connected(session, client, isMoved);
    return isMoved || session.links > 1;
  }

  away(session: Session): void {
    if (this.#rules.onAway) this.#run(session, (rules, handle) => rules.onAway?.(handle));
  }

  /** Events that `onReconnect` sends to the session leave before the waiting ones. */
  reconnected(session: Session, absence: Absence, client: () => ClientInfo): void {
    if (!this.#rules.onReconnect) return;
    const given = { ...absence, ...client() };
    const release = session.holdEvents();
    this.#run(session, (rules, handle) => rules.onReconnect?.(handle, given));
    const free = this.#lifeCycle.whenFree(session);
    if (free) void free.then(release);
    else release();
  }

  /** A session has ended, or moved to another node. One that has had no link here is shown only if it ends: its former node said `moved`. */
  disconnected(session: Session, reason: string): void {
    if (this.#arriving.delete(session)) {
      if (reason === 'moved') return;
      this.#connected(session, () => UNKNOWN_CLIENT, true);
    }
    if (!this.#rules.onDisconnect) return;
    this.#run(session, (rules, handle) => rules.onDisconnect?.(handle, reason));
  }

  #connected(session: Session, client: () => ClientInfo, isMoved: boolean): void {
    if (!this.#rules.onConnect) return;
    const info = isMoved ? { ...client(), isMoved } : client();
    this.#run(session, (rules, handle) => rules.onConnect?.(handle, info));
  }

  #run(session: Session, callback: (rules: MessagingRules, handle: SessionHandle) => unknown): void {
    this.#lifeCycle.run(session, () => callback(this.#rules, this.#handleOf(session)));
  }
}
