import type { Observer } from '../diagnostics/observer.js';
import type { Session } from './session.js';

/** Makes everything that one tick produces for a session leave in one write, after all flushes of this tick. */
export class Deliveries {
  readonly #observer: Observer;
  readonly #flush: (eventful: readonly Session[]) => void;
  readonly #fail: (session: Session, error: unknown) => void;
  #due = new Set<Session>();

  /**
   * @param flush delivers the changes of state that the events of some sessions must not overtake
   * @param fail ends a session that cannot be served; the others get theirs
   */
  constructor(
    observer: Observer,
    flush: (eventful: readonly Session[]) => void,
    fail: (session: Session, error: unknown) => void,
  ) {
    this.#observer = observer;
    this.#flush = flush;
    this.#fail = fail;
  }

  /** Notes that a session has something to write. Idempotent. */
  add(session: Session): void {
    if (this.#due.size === 0) queueMicrotask(() => this.#deliver());
    this.#due.add(session);
  }

  #deliver(): void {
    const eventful = [...this.#due].filter(({ events, link }) => events.hasPending && link?.isFull === false);
    if (eventful.length > 0) this.#flush(eventful); // topics that it touches are due now, too
    const due = this.#due;
    this.#due = new Set();
    // All is collected before anything is written: each write evicts our sessions from the processor's caches.
    this.#forEach(due, (session) => session.prepare());
    this.#forEach(due, (session) => session.deliver());
    this.#observer.publish('deliver', () => ({ sessions: due.size }));
  }

  #forEach(sessions: Iterable<Session>, act: (session: Session) => void): void {
    for (const session of sessions) {
      try {
        act(session);
      } catch (error) {
        this.#fail(session, error);
      }
    }
  }
}
