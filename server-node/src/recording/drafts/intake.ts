import type { CopyRules } from '../copy.js';
import type { Container, Node } from '../tree/node.js';

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
  /** Lets writes to `object` count for the container of `node`, its copy. */
  open(node: Node, object: Container): void;
  /** Makes the container of `node` independent of its object. */
  fork(node: Node): void;
  /** Returns the object behind a draft as long as no draft wrote to its copy: assigned again, it counts in both places. */
  originOf(value: unknown): unknown;
}
