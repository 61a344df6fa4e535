import type { Session } from '../sessions/session.js';
import { randomName } from './random-name.js';

/** The public names of sessions. Several sessions may share a name; a session's id stays secret. */
export class Names {
  /** Most names have one session: then there is no set. */
  readonly #sessions = new Map<string, Session | Set<Session>>();
  /** The beginning of random names, by which other nodes find this one; default: none. */
  prefix = '';
  /** Called when a name gets its first session, and when it has lost the last one. May return when other nodes know. */
  onUse: ((name: string, isUsed: boolean) => Promise<void> | undefined) | undefined;

  /** How many names are in use. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Names a session. Without a name it gets a random one. May return when other nodes know. */
  add(session: Session, name: string = this.prefix + randomName()): Promise<void> | undefined {
    this.delete(session);
    session.name = name;
    const sessions = this.#sessions.get(name);
    if (sessions instanceof Set) sessions.add(session);
    else this.#sessions.set(name, sessions ? new Set([sessions, session]) : session);
    return sessions ? undefined : this.onUse?.(name, true);
  }

  /** Returns the sessions of a name. */
  sessions(name: string): readonly Session[] {
    const sessions = this.#sessions.get(name);
    if (!sessions) return [];
    return sessions instanceof Set ? [...sessions] : [sessions];
  }

  isUsed(name: string): boolean {
    return this.#sessions.has(name);
  }

  /** The session has ended: its name is free. */
  delete(session: Session): void {
    const { name } = session;
    const sessions = this.#sessions.get(name);
    if (sessions instanceof Set) sessions.delete(session);
    if (sessions !== session && !(sessions instanceof Set && sessions.size === 0)) return;
    this.#sessions.delete(name);
    void this.onUse?.(name, false);
  }
}
