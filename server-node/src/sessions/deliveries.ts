import type { Observer } from '../diagnostics/observer.js';
import type { Session } from './session.js';

/** Sees to it that what one tick produces for a session leaves in one write: after all flushes of this tick. */
export class Deliveries {
  readonly #observer: Observer;
  readonly #fail: (session: Session, error: unknown) => void;
  #due: Session[] = [];

  /** @param fail ends a session that cannot be served; the others get theirs */
  constructor(observer: Observer, fail: (session: Session, error: unknown) => void) {
    this.#observer = observer;
    this.#fail = fail;
  }

  /** There is something for a session to write. */
  add(session: Session): void {
    if (session.isDue) return;
    session.isDue = true;
    if (this.#due.length === 0) queueMicrotask(() => this.#deliver());
    this.#due.push(session);
  }

  #deliver(): void {
    const due = this.#due;
    this.#due = [];
    // All is collected before anything is written: each write takes from the processor what it had at hand of our sessions.
    this.#forEach(due, (session) => {
      if (!session.isDue) return; // it has ended meanwhile
      session.isDue = false;
      session.prepare();
    });
    this.#forEach(due, (session) => session.deliver());
    this.#observer.publish('deliver', () => ({ sessions: due.length }));
  }

  #forEach(sessions: readonly Session[], act: (session: Session) => void): void {
    for (const session of sessions) {
      try {
        act(session);
      } catch (error) {
        this.#fail(session, error);
      }
    }
  }
}
