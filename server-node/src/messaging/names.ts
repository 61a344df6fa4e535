import { randomUUID } from 'node:crypto';
import type { Session } from '../sessions/session.js';

const NONE: ReadonlySet<Session> = new Set();

/** The public names of sessions. Several sessions may share a name; a session's id stays secret. */
export class Names {
  readonly #sessions = new Map<string, Set<Session>>();
  readonly #ofSession = new Map<Session, string>();

  /** Names a session. Without a name it gets a random one. */
  add(session: Session, name: string = randomUUID()): void {
    this.delete(session);
    this.#ofSession.set(session, name);
    let sessions = this.#sessions.get(name);
    if (!sessions) this.#sessions.set(name, (sessions = new Set()));
    sessions.add(session);
  }

  /** Returns the name of a session; it gets a random one if it has none yet. */
  of(session: Session): string {
    if (!this.#ofSession.has(session)) this.add(session);
    return this.#ofSession.get(session) as string;
  }

  /** The sessions of a name. */
  sessions(name: string): ReadonlySet<Session> {
    return this.#sessions.get(name) ?? NONE;
  }

  delete(session: Session): void {
    const name = this.#ofSession.get(session);
    if (name === undefined) return;
    this.#ofSession.delete(session);
    const sessions = this.#sessions.get(name);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#sessions.delete(name);
  }
}
