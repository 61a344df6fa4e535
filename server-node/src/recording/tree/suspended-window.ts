import type { Node } from './node.js';
import type { Nodes } from './nodes.js';

/** The data of a window of a tree; see `Tree`. */
export interface Window {
  readonly nodes: Nodes;
  touched: Node[];
  dirty: boolean;
  writes: number;
}

/** A window that waits while another one begins and ends. */
export class SuspendedWindow {
  readonly #tree: Window;
  readonly #kept: Omit<Window, 'nodes'>;
  readonly #befores: readonly Node['before'][];
  readonly #moved: readonly (readonly [node: Node, origin: Node | undefined])[];

  /** Leaves the tree as at the beginning of a window. */
  constructor(tree: Window) {
    const { touched, dirty, writes, nodes } = tree;
    this.#tree = tree;
    this.#kept = { touched, dirty, writes };
    this.#befores = touched.map(({ before }) => before);
    this.#moved = nodes.moved.map((node) => [node, node.origin]);
    forget(tree);
  }

  /** Resumes the window. The value must be the same as when it was suspended. */
  resume(): void {
    forget(this.#tree);
    Object.assign(this.#tree, this.#kept);
    this.#kept.touched.forEach((node, index) => (node.before = this.#befores[index]));
    for (const [node, origin] of this.#moved) {
      node.origin = origin;
      this.#tree.nodes.moved.push(node);
    }
  }
}

/** Ends a window. */
export function forget(tree: Window): void {
  for (const node of tree.touched) node.before = undefined;
  tree.nodes.close();
  tree.touched = [];
  tree.dirty = false;
}
