import type { Watch } from '../simulation/watch.js';
import type { Lane } from './plan.js';
import type { SessionRecord } from './received.js';

/** The fate of an event that a client sent. */
interface Note {
  readonly at: number;
  isHeard: boolean;
  dropped: string | undefined;
}

/** How long a client keeps events without a link, in ms. */
const AGE = 15_000;

/** The events that the clients send: each is heard in order, and once in a session, or its sender learns of the loss. */
export class Notes {
  readonly #watch: Watch;
  readonly #now: () => number;
  readonly #queue: number;
  /** By client and lane. */
  readonly #notes = new Map<string, Note[]>();

  constructor(watch: Watch, now: () => number, queue: number) {
    this.#watch = watch;
    this.#now = now;
    this.#queue = queue;
  }

  /** Returns the number of a new note, from 1 on. */
  send(client: number, lane: Lane): number {
    return this.#of(client, lane).push({ at: this.#now(), isHeard: false, dropped: undefined });
  }

  hear(session: SessionRecord, lane: Lane, number: number): void {
    const last = session.heard.get(lane) ?? 0;
    const note = this.#of(session.client, lane)[number - 1];
    const says = (what: string) => () => `${session.name} heard note ${number} ${what}`;
    this.#watch.note(`server: ${session.name} heard note ${number} in "${lane}"`);
    this.#watch.check(number > last, says(`after ${last}`));
    session.heard.set(lane, number);
    if (!note) return this.#watch.fail(says('that nothing sent')());
    const { dropped } = note;
    this.#watch.check(!dropped || dropped === 'unknown-outcome', says(`that was ${dropped}`));
    note.isHeard = true;
  }

  drop(client: number, lane: Lane, number: number, code: string): void {
    const note = this.#of(client, lane)[number - 1] as Note;
    const says = (what: string) => () => `note ${number} of client ${client} was ${code} ${what}`;
    this.#watch.note(`client-${client}: note ${number} in "${lane}" was ${code}`);
    this.#watch.check(note.dropped === undefined, says('twice'));
    this.#watch.check(!note.isHeard || code === 'unknown-outcome', says('and it was heard'));
    const isEarly = code === 'expired' && this.#now() - note.at < AGE - 1;
    this.#watch.check(!isEarly, says('within the window'));
    this.#watch.check(code !== 'overflow' || this.#queue < 1_000, says('within the window'));
    note.dropped = code;
  }

  /** Returns the first note that was neither heard nor dropped. */
  missing(client: number): string | undefined {
    for (const [key, notes] of this.#notes) {
      if (!key.startsWith(`${client} `)) continue;
      const at = notes.findIndex(({ isHeard, dropped }) => !isHeard && dropped === undefined);
      if (at >= 0) return `its note ${at + 1} in "${key.slice(2)}" was neither heard nor dropped`;
    }
    return undefined;
  }

  #of(client: number, lane: Lane): Note[] {
    const key = `${client} ${lane}`;
    const known = this.#notes.get(key) ?? [];
    this.#notes.set(key, known);
    return known;
  }
}
