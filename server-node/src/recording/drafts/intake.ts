import type { Node } from '../tree/node.js';

/** How values get into a tree. */
export interface Intake {
  readonly depth: number;
  /** Is told of each object that is copied as an item of an array. */
  readonly onRow: (source: object, copy: object) => void;
  /** Is asked for each object: whether it wants to stand for its copy in the value from now on. */
  readonly binding: (source: object) => ((node: Node) => void) | undefined;
}
