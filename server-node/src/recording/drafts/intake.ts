import type { CopyRules } from '../copy.js';
import type { Container } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import type { Source } from '../tree/source.js';

/** How values get into a tree. */
export interface Intake extends CopyRules {
  readonly depth: number;
  /** Returns how an object is bound to its copy, if it shall stand for the copy in the value from now on. */
  binding(source: object): ((node: Node) => void) | undefined;
}

/** Which containers of a tree are copies of objects that the application may still write to. */
export interface Origins {
  /** Whether there are any. */
  readonly hasOpen: boolean;
  /**
   * Lets writes to `object` count for the container of `node`, its copy.
   *
   * @param original the source of the container that this one is a copy of; it ends together with that one
   */
  open(node: Node, object: Container, original?: Source): void;
  /**
   * Makes the container of `node` independent of its object.
   *
   * @param key the member that is about to be written; default: any
   * @throws VeloxError `stale-object` if the container was independent before, and its object was written since
   */
  fork(node: Node, key?: string): void;
  /** Notes that a part which keeps its place has a copy, which will stand in `home`. */
  duplicate(original: Node, copy: Container, home: Node): void;
  /** Returns the object behind a draft as long as no draft wrote to its copy: assigned again, it counts in both places. */
  originOf(value: unknown): unknown;
}
