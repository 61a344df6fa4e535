import { VeloxError } from '@velox/core/protocol';
import type { Admission, Admissions, Credentials } from '../access/admission.js';
import type { Session } from './session.js';
import type { Topics } from '../topics/topics.js';

/**
 * Tokens that come while their sessions live. Of one session, one is looked at a time, and of those that come meanwhile the newest
 * is the next: they count in the order in which they came, and who sends many has no more of `authorize` than who sends one.
 */
export class Renewals {
  readonly #admissions: Admissions;
  readonly #topics: Topics;
  readonly #onRefused: (session: Session, error: unknown) => void;
  /** Of each session of which a token is looked at, the one that waits. */
  readonly #waiting = new WeakMap<Session, Credentials | undefined>();

  /** @param onRefused called when a token is refused, or is that of another identity */
  constructor(admissions: Admissions, topics: Topics, onRefused: (session: Session, error: unknown) => void) {
    this.#admissions = admissions;
    this.#topics = topics;
    this.#onRefused = onRefused;
  }

  /** Takes a new token of a session, whose rights are then asked for again. */
  async renew(session: Session, credentials: Credentials): Promise<void> {
    const isBusy = this.#waiting.has(session);
    this.#waiting.set(session, credentials);
    if (isBusy) return;
    for (let next: Credentials | undefined; (next = this.#waiting.get(session));) {
      this.#waiting.set(session, undefined);
      await this.#look(session, next);
    }
    this.#waiting.delete(session);
  }

  /** Forgets a session that has ended. */
  forget(session: Session): void {
    if (this.#waiting.has(session)) this.#waiting.set(session, undefined);
  }

  async #look(session: Session, credentials: Credentials): Promise<void> {
    const former = session.admission;
    let admission: Admission;
    try {
      admission = await this.#admissions.admit(credentials);
      if (admission.identity !== session.identity) {
        throw new VeloxError('forbidden', 'a session keeps its identity. Open a new one.');
      }
    } catch (error) {
      if (session.admission === former) this.#onRefused(session, error);
      return;
    }
    if (session.admission !== former) return; // a newer link has said who it is
    session.admission = admission;
    for (const topic of session.topics.names) void this.#topics.ask(session, topic);
  }
}
