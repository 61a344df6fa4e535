import { VeloxError } from '@velox/core/protocol';
import type { Admission, Admissions, Credentials } from '../access/admission.js';
import type { Session } from './session.js';
import type { Topics } from '../topics/topics.js';

/**
 * Checks the tokens that clients send in live sessions. Per session one token is checked at a time, and only the newest waiting one is
 * kept. So a client that sends many tokens causes no more calls of `authorize` than others, and a slow answer never undoes a later one.
 */
export class Renewals {
  readonly #admissions: Admissions;
  readonly #topics: Topics;
  readonly #onRefused: (session: Session, error: unknown) => void;
  /** The newest waiting token of each session whose token is being checked, with the number of its link. */
  readonly #waiting = new WeakMap<Session, { credentials: Credentials; link: number } | undefined>();

  /** @param onRefused called when a token is refused, or belongs to another identity */
  constructor(admissions: Admissions, topics: Topics, onRefused: (session: Session, error: unknown) => void) {
    this.#admissions = admissions;
    this.#topics = topics;
    this.#onRefused = onRefused;
  }

  /** Checks a session's new token, then its rights to each topic. */
  async renew(session: Session, credentials: Credentials): Promise<void> {
    const isBusy = this.#waiting.has(session);
    this.#waiting.set(session, { credentials, link: session.links });
    if (isBusy) return;
    for (let next; (next = this.#waiting.get(session));) {
      this.#waiting.set(session, undefined);
      // A newer link was authorized by newer credentials.
      if (next.link === session.links) await this.#check(session, next.credentials);
    }
    this.#waiting.delete(session);
  }

  /** Forgets a session that has ended. */
  forget(session: Session): void {
    if (this.#waiting.has(session)) this.#waiting.set(session, undefined);
  }

  async #check(session: Session, credentials: Credentials): Promise<void> {
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
    if (session.admission !== former) return; // a newer link was authorized meanwhile
    const { address } = former; // it is counted until the session ends or moves to another link
    session.admission = { ...admission, ...(address !== undefined && { address }) };
    // Waited for: else each token would open as many questions as there are topics.
    await Promise.all(session.topics.names.map((topic) => this.#topics.ask(session, topic)));
  }
}
