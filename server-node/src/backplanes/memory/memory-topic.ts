import type { NewRevision, Place, Revision } from '../../cluster/log.js';

interface Entry extends NewRevision {
  readonly version: number;
  readonly previous: string;
}

/** One topic of a log in memory: its head, its snapshot and its revisions. */
export class MemoryTopic {
  id: string;
  version: number;
  token: string;
  snapshot: { readonly version: number; readonly token: string; readonly value: string };
  /** Dense, up to the head. */
  #entries: Entry[] = [];

  constructor(at: Place, value: string) {
    this.id = at.id;
    this.version = at.version;
    this.token = at.token;
    this.snapshot = { version: at.version, token: at.token, value };
  }

  get head(): Place {
    return { id: this.id, version: this.version, token: this.token };
  }

  isHead({ id, version, token }: Place): boolean {
    return id === this.id && version === this.version && token === this.token;
  }

  add({ tag, patch }: NewRevision): Revision {
    const entry = { version: this.version + 1, previous: this.token, tag, patch };
    this.#entries.push(entry);
    this.version++;
    this.token = tag;
    return this.#revision(entry);
  }

  /** The revisions above `version`; undefined if some of them were removed. */
  after(version: number): Revision[] | undefined {
    const count = this.version - version;
    if (count > this.#entries.length) return undefined;
    return this.#entries.slice(this.#entries.length - count).map((entry) => this.#revision(entry));
  }

  /** The token of a version, if the log still knows it. */
  tokenAt(version: number): string | undefined {
    if (version === this.version) return this.token;
    if (version === this.snapshot.version) return this.snapshot.token;
    return this.#entries.find((entry) => entry.version === version + 1)?.previous;
  }

  trim(above: number): void {
    this.#entries = this.#entries.filter((entry) => entry.version > above);
  }

  #revision({ version, previous, tag, patch }: Entry): Revision {
    return { at: { id: this.id, version, token: tag }, previous, tag, patch };
  }
}
