import { ABSENT } from './before.js';
import type { Key } from '../copy.js';
import type { Node } from './node.js';

/** The writes that undoing needs; the tree implements them. */
export interface Writes {
  readonly nodes: { present(value: unknown): unknown };
  set(node: Node, key: Key, value: unknown): void;
  remove(node: Node, key: Key): void;
  exchange(node: Node, left: number, right: number): void;
}

/** An entry of the journal: undoes one step of an attempt. Entries are linked, newest first. */
export interface Undo {
  readonly earlier: Undo | undefined;
  run(): void;
}

/** The first entry of the journal of an attempt. */
export const START: Undo = { earlier: undefined, run() {} };

// Classes, for these are made most often: closures take twice the space.

/** Gives a member or item back the value that it had. */
export class Restore implements Undo {
  readonly earlier: Undo;
  readonly #tree: Writes;
  readonly #node: Node;
  readonly #key: Key;
  readonly #old: unknown;

  constructor(earlier: Undo, tree: Writes, node: Node, key: Key, old: unknown) {
    this.earlier = earlier;
    this.#tree = tree;
    this.#node = node;
    this.#key = key;
    this.#old = old;
  }

  run(): void {
    if (this.#old === ABSENT) this.#tree.remove(this.#node, this.#key);
    else this.#tree.set(this.#node, this.#key, this.#tree.nodes.present(this.#old));
  }
}

/** Swaps two items back. */
export class Exchange implements Undo {
  readonly earlier: Undo;
  readonly #tree: Writes;
  readonly #node: Node;
  readonly #left: number;
  readonly #right: number;

  constructor(earlier: Undo, tree: Writes, node: Node, left: number, right: number) {
    this.earlier = earlier;
    this.#tree = tree;
    this.#node = node;
    this.#left = left;
    this.#right = right;
  }

  run(): void {
    this.#tree.exchange(this.#node, this.#left, this.#right);
  }
}
