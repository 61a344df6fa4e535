import type {
  Appended,
  Log,
  NewRevision,
  Opened,
  Place,
  Revision,
  Unsubscribe,
} from '../../src/cluster/log.js';

interface Topic {
  id: string;
  snapshot: { readonly at: Place; readonly value: string };
  /** Dense from the version after `first` on. */
  entries: Revision[];
}

interface Follower {
  readonly topic: string;
  readonly client: ModelClient;
  readonly onRevision: (revision: Revision) => void;
  readonly onDoubt: () => void;
}

/** How a connection to the engine misbehaves. */
export interface ModelFaults {
  /** Questions and answers are not delivered; both fail. */
  isDown: boolean;
  /** How many of the next answers are lost after the engine has acted. */
  lostReplies: number;
  /** How many of the next hints are lost. */
  lostHints: number;
}

/** Bugs of an engine that the model has to find. */
export interface EngineBugs {
  /** An append compares the id and the version, and not the token. */
  readonly comparesVersionOnly?: boolean;
  /** An append removes old revisions, though no snapshot includes them. */
  readonly trimsInAppend?: boolean;
}

const random = (): string => Math.random().toString(36).slice(2, 10);

/**
 * The disk of an engine, on which all harm is done that real ones suffer: it forgets its newest revisions, all of them, or restarts.
 * Answers and hints take a random time.
 */
export class ModelEngine {
  readonly topics: Map<string, Topic> = new Map();
  readonly followers: Set<Follower> = new Set();
  readonly bugs: EngineBugs;
  run: string = random();

  constructor(bugs: EngineBugs = {}) {
    this.bugs = bugs;
  }

  /** All connections break, and are there again. */
  restart(): void {
    this.run = random();
    for (const { client, onDoubt } of [...this.followers]) client.later(onDoubt);
  }

  /** The newest revisions are lost, as by a power cut. Returns the lost tags. */
  loseTail(topic: string, count: number): string[] {
    const found = this.topics.get(topic);
    if (!found) return [];
    // Above the snapshot's version: the tail of a file has the newest writes.
    const kept = Math.max(found.snapshot.at.version, headOf(found).version - count);
    const lost = found.entries.filter(({ at }) => at.version > kept);
    found.entries = found.entries.filter(({ at }) => at.version <= kept);
    this.restart();
    return lost.map(({ tag }) => tag);
  }

  wipe(): void {
    this.topics.clear();
    this.restart();
  }

  connect(): ModelClient {
    return new ModelClient(this);
  }
}

function headOf({ snapshot, entries, id }: Topic): Place {
  return { ...(entries.at(-1)?.at ?? snapshot.at), id };
}

const isEqual = (a: Place, b: Place): boolean =>
  a.id === b.id && a.version === b.version && a.token === b.token;

/** The connection of one node. */
export class ModelClient implements Log {
  readonly faults: ModelFaults = { isDown: false, lostReplies: 0, lostHints: 0 };
  readonly #engine: ModelEngine;
  #appending = new Map<string, number>();
  #hintAt = 0;

  constructor(engine: ModelEngine) {
    this.#engine = engine;
  }

  open(topic: string, initial: string, from = 1): Promise<Opened> {
    return this.#ask(() => {
      let found = this.#engine.topics.get(topic);
      if (!found) {
        const id = random();
        found = { id, snapshot: { at: { id, version: from, token: random() }, value: initial }, entries: [] };
        this.#engine.topics.set(topic, found);
      }
      const { id, snapshot } = found;
      const revisions = found.entries.filter(({ at }) => at.version > snapshot.at.version);
      return {
        snapshot: { at: { ...snapshot.at, id }, value: snapshot.value },
        revisions: revisions.map((revision) => ({ ...revision, at: { ...revision.at, id } })),
        run: this.#engine.run,
      };
    });
  }

  async append(topic: string, after: Place, revisions: readonly NewRevision[]): Promise<Appended> {
    const inFlight = this.#appending.get(topic) ?? 0;
    if (inFlight > 0) throw new Error('two appends of one topic are in flight');
    this.#appending.set(topic, inFlight + 1);
    try {
      return await this.#ask(() => {
        const found = this.#engine.topics.get(topic);
        if (!found) return { ok: false };
        const { comparesVersionOnly, trimsInAppend } = this.#engine.bugs;
        const head = headOf(found);
        if (!isEqual(head, comparesVersionOnly ? { ...after, token: head.token } : after))
          return { ok: false, head };
        for (const { tag, patch } of revisions) {
          const { version, token } = headOf(found);
          const revision = {
            at: { id: found.id, version: version + 1, token: tag },
            previous: token,
            tag,
            patch,
          };
          found.entries.push(revision);
          for (const follower of this.#engine.followers)
            if (follower.topic === topic) follower.client.hint(() => follower.onRevision(revision));
        }
        if (trimsInAppend) found.entries = found.entries.slice(-3);
        return { ok: true, at: headOf(found) };
      });
    } finally {
      this.#appending.set(topic, inFlight);
    }
  }

  read(topic: string, after: Place): Promise<Revision[] | 'gone' | 'other'> {
    return this.#ask(() => {
      const found = this.#engine.topics.get(topic);
      if (!found || found.id !== after.id || headOf(found).version < after.version) return 'other';
      if (isEqual(headOf(found), after)) return [];
      const at = found.entries.findIndex(({ at: { version } }) => version === after.version + 1);
      if (at === -1) return 'gone';
      if (found.entries[at]?.previous !== after.token) return 'other';
      return found.entries
        .slice(at)
        .map((revision) => ({ ...revision, at: { ...revision.at, id: found.id } }));
    });
  }

  follow(topic: string, onRevision: (revision: Revision) => void, onDoubt: () => void): Promise<Unsubscribe> {
    return this.#ask(() => {
      const follower = { topic, client: this, onRevision, onDoubt };
      this.#engine.followers.add(follower);
      return () => void this.#engine.followers.delete(follower);
    });
  }

  heads(topics: readonly string[]): Promise<(Place | undefined)[]> {
    return this.#ask(() =>
      topics.map((topic) => {
        const found = this.#engine.topics.get(topic);
        return found && headOf(found);
      }),
    );
  }

  saveSnapshot(topic: string, at: Place, value: string, keep: number): Promise<boolean> {
    return this.#ask(() => {
      const found = this.#engine.topics.get(topic);
      if (!found || found.id !== at.id || at.version <= found.snapshot.at.version) return false;
      if (found.entries.find((entry) => entry.at.version === at.version)?.at.token !== at.token) return false;
      found.snapshot = { at, value };
      found.entries = found.entries.filter((entry) => entry.at.version > at.version - keep);
      return true;
    });
  }

  renew(topic: string, id: string): Promise<Place> {
    return this.#ask(() => {
      const found = this.#engine.topics.get(topic);
      if (!found) throw new Error('no such topic');
      if (found.id === id) found.id = random();
      return headOf(found);
    });
  }

  drop(topic: string): Promise<void> {
    return this.#ask(() => void this.#engine.topics.delete(topic));
  }

  run(): Promise<string> {
    return this.#ask(() => this.#engine.run);
  }

  /** Delivers a hint after those before it, if it is not lost. */
  hint(run: () => void): void {
    if (this.faults.lostHints > 0) this.faults.lostHints--;
    else if (!this.faults.isDown) this.later(run);
  }

  /** Runs something in a random time, in the order of the calls. */
  later(run: () => void): void {
    this.#hintAt = Math.max(this.#hintAt, performance.now() + Math.random() * 5);
    setTimeout(run, this.#hintAt - performance.now());
  }

  async #ask<R>(act: () => R): Promise<R> {
    await pass(Math.random() * 4);
    if (this.faults.isDown) throw new Error('the engine is down');
    const result = act();
    await pass(Math.random() * 4);
    if (this.faults.lostReplies > 0 || this.faults.isDown) {
      this.faults.lostReplies = Math.max(0, this.faults.lostReplies - 1);
      throw new Error('the reply is lost');
    }
    return result;
  }
}

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
