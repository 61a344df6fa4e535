import type { Position } from '@velox/core/protocol';
import type { Admission } from '../access/admission.js';
import type { Versioned } from '../state/versioned.js';

/** A code that says why there is no value now. */
export interface Unavailable {
  readonly stale: string;
  /** The id of the value that the client will have, if that is known; undefined: a new one. Absent: perhaps the one that it has. */
  readonly id?: string | undefined;
}

/** The answer of a source: a value, none of that name, a denial with its code, or a code that says why there is no value. */
export type Opened = Versioned | 'not-found' | { readonly denied: string } | Unavailable;

/** Provides the values of topics on demand. */
export interface Source {
  /**
   * Returns the value of a topic as a client may see it: the same object for all clients that share it. A client that may not see the
   * topic at all never gets here. If this throws or rejects, the topic is stale and is opened again later.
   *
   * @param known the position that the client has, if any
   */
  open(topic: string, admission: Admission, known?: Position): Opened | Promise<Opened>;
  /** The value of a topic that is the same for all, if it is at hand and needs no work. Absent: none is. */
  peek?(topic: string): Versioned | undefined;
  /** No client wants a value of a topic any more, for some seconds now. */
  release(topic: string, versioned: Versioned): void;
}

/** The source of a value that always exists. */
export class Fixed implements Source {
  readonly #versioned: Versioned;

  constructor(versioned: Versioned) {
    this.#versioned = versioned;
  }

  open(): Versioned {
    return this.#versioned;
  }

  release(): void {
    // it stays
  }
}
