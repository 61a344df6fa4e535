import type { Place, Revision } from '../../cluster/log.js';
import { nameOf } from './tag.js';

/** How many revisions a node keeps in memory, at most: for resumes of its clients, and to heal a log that lost its end. */
const MOST_REVISIONS = 1_000;
/** Characters of their patches. */
const MOST_SIZE = 1 << 20;

/** A version as a node or the log has it. The tag is not known of a version that only a snapshot shows. */
export interface Known {
  readonly token: string;
  readonly tag?: string | undefined;
}

/** Whether both are the same revision. Some engines give a revision a new number when it is appended again; its tag stays. */
export function isSame(one: Known, other: Known): boolean {
  return one.token === other.token || (one.tag !== undefined && one.tag === other.tag);
}

/** The newest revisions of a topic's log: consecutive versions of one epoch without a hole. */
export class RecentRevisions {
  /** The place before the first revision. */
  #base: Place;
  readonly #revisions: Revision[] = [];
  readonly #byName = new Map<string, Place>();
  #size = 0;

  constructor(base: Place) {
    this.#base = base;
  }

  /** The newest place. */
  get head(): Place {
    return this.#revisions.at(-1)?.at ?? this.#base;
  }

  /** Adds the revision that follows on the head. */
  add(revision: Revision): void {
    this.#revisions.push(revision);
    this.#byName.set(nameOf(revision.tag), revision.at);
    this.#size += revision.patch.length;
    // The last one stays, however long: it must be possible to append it again.
    while (
      this.#revisions.length > 1 &&
      (this.#revisions.length > MOST_REVISIONS || this.#size > MOST_SIZE)
    ) {
      const oldest = this.#revisions.shift() as Revision;
      this.#base = oldest.at;
      const name = nameOf(oldest.tag);
      if (this.#byName.get(name) === oldest.at) this.#byName.delete(name);
      this.#size -= oldest.patch.length;
    }
  }

  /** Returns the place of the revision with a tag, or of the same update from another attempt. */
  find(tag: string): Place | undefined {
    return this.#byName.get(nameOf(tag));
  }

  /** Returns a version; undefined if it is not among the recent ones. */
  at(version: number): Known | undefined {
    const index = version - this.#base.version - 1;
    if (index === -1) return this.#base;
    const revision = this.#revisions[index];
    return revision && { token: revision.at.token, tag: revision.tag };
  }

  /** Returns the revisions after a version; undefined if not all of them are among the recent ones. */
  after(version: number): readonly Revision[] | undefined {
    const skipped = version - this.#base.version;
    return skipped < 0 ? undefined : this.#revisions.slice(skipped);
  }

  /** Returns those of the recent revisions that are above a version. */
  above(version: number): readonly Revision[] {
    return this.#revisions.slice(Math.max(0, version - this.#base.version));
  }

  /** Returns all operations after a version as one JSON array. */
  since(version: number): string | undefined {
    const revisions = this.after(version);
    if (!revisions || revisions.length === 0) return undefined;
    if (revisions.length === 1) return revisions[0]?.patch;
    return `[${revisions.map(({ patch }) => patch.slice(1, -1)).join(',')}]`;
  }
}
