import type { Container, Node } from '../tree/node.js';

/** How values get into a tree. */
export interface Intake {
  readonly depth: number;
  /** Whether a member that begins with `$` is left out. The first one left out is reported, if its path is given. */
  readonly omits: (key: string, path?: () => string) => boolean;
  /** Is told of each object that is copied as an item of an array. */
  readonly onRow: (source: object, copy: object) => void;
  /** Is asked for each object: whether it wants to stand for its copy in the value from now on. */
  readonly binding: (source: object) => ((node: Node) => void) | undefined;
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
