import { Groups } from '../collections/groups.js';
import type { Session } from '../sessions/session.js';
import { randomName } from './random-name.js';

/** The public names of sessions. Several sessions may share a name; a session's id stays secret. */
export class Names {
  readonly #all: () => Iterable<Session>;
  /** By name. Created on need: in many applications no code looks for a name. */
  #index: Groups<string, Session, Session> | undefined;
  /** The beginning of random names, by which other nodes find this one; default: none. */
  prefix = '';
  /**
   * Called when a name gets its first session, and when it has lost the last one. Returns a promise that resolves when the other nodes know,
   * or undefined if there are none.
   */
  onUse: ((name: string, isUsed: boolean) => Promise<void> | undefined) | undefined;

  /** @param all all sessions of the hub */
  constructor(all: () => Iterable<Session>) {
    this.#all = all;
  }

  /** How many names are in use. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Names a session; without a name it gets a random one. The result is that of `onUse`. */
  add(session: Session, name: string = this.prefix + randomName()): Promise<void> | undefined {
    const index = this.onUse ? this.#sessions : this.#index; // without this session
    if (session.name !== '') this.delete(session);
    session.name = name;
    const isFirst = index?.has(name) === false;
    index?.add(name, session);
    return isFirst ? this.onUse?.(name, true) : undefined;
  }

  /** Returns the sessions of a name. */
  sessions(name: string): readonly Session[] {
    return [...this.#sessions.of(name)];
  }

  isUsed(name: string): boolean {
    return this.#sessions.has(name);
  }

  /** The session has ended: its name is free. */
  delete(session: Session): void {
    const { name } = session;
    if (this.#index?.delete(name, session) && !this.#index.has(name)) void this.onUse?.(name, false);
  }

  get #sessions(): Groups<string, Session, Session> {
    if (!this.#index) {
      this.#index = new Groups((session) => session);
      for (const session of this.#all()) if (session.name !== '') this.#index.add(session.name, session);
    }
    return this.#index;
  }
}
