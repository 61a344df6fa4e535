import { randomBytes } from 'node:crypto';
import type { Session } from '../sessions/session.js';

const NONE: ReadonlySet<Session> = new Set();

/** Bytes of a random name: two of them are never the same (96 bits). */
const RANDOM_BYTES = 12;

/** The public names of sessions. Several sessions may share a name; a session's id stays secret. */
export class Names {
  readonly #sessions = new Map<string, Set<Session>>();
  /** A session keeps its name after its end, for the callbacks that run then. */
  readonly #ofSession = new WeakMap<Session, string>();
  /** The beginning of random names, by which other nodes find this one; default: none. */
  prefix = '';
  /** Called when a name gets its first session, and when it has lost the last one. May return when other nodes know. */
  onUse: ((name: string, isUsed: boolean) => Promise<void> | undefined) | undefined;

  /** How many names are in use. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Names a session. Without a name it gets a random one. May return when other nodes know. */
  add(
    session: Session,
    name: string = this.prefix + randomBytes(RANDOM_BYTES).toString('base64url'),
  ): Promise<void> | undefined {
    let known: Promise<void> | undefined;
    this.delete(session);
    this.#ofSession.set(session, name);
    let sessions = this.#sessions.get(name);
    if (!sessions) {
      this.#sessions.set(name, (sessions = new Set()));
      known = this.onUse?.(name, true);
    }
    sessions.add(session);
    return known;
  }

  /** Returns the name of a session. */
  of(session: Session): string {
    return this.#ofSession.get(session) ?? '';
  }

  /** The sessions of a name. Iterate a copy if the loop may change the set. */
  sessions(name: string): ReadonlySet<Session> {
    return this.#sessions.get(name) ?? NONE;
  }

  /** The session has ended: its name is free. */
  delete(session: Session): void {
    const name = this.of(session);
    const sessions = this.#sessions.get(name);
    sessions?.delete(session);
    if (sessions?.size !== 0) return;
    this.#sessions.delete(name);
    void this.onUse?.(name, false);
  }
}
