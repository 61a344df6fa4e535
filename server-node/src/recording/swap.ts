import { copyIn } from './copy.js';
import type { Container, Node } from './node.js';
import type { Tree } from './tree.js';

/**
 * The first half of a swap in a recipe: `list[to] = list[from]`, of which `list[from] = old`, what was at `to`, may be the second.
 * In between the item stands at two indexes and nothing is recorded. If the second half comes next, the two trade places;
 * before anything else, the first gets a copy, like by any assignment of what is still in its place.
 */
export class Swap {
  readonly item: Container;
  readonly #list: Node;
  readonly #to: number;
  readonly #old: unknown;

  constructor(list: Node, to: number, item: Container) {
    this.#list = list;
    this.#to = to;
    this.item = item;
    this.#old = this.#items[to];
    this.#items[to] = item;
  }

  /** Whether the assignment of `value` under `key` of `node` is the second half; if so, both are done. */
  complete(tree: Tree, node: Node, key: unknown, value: unknown): boolean {
    const from = Number(key);
    if (node !== this.#list || from === this.#to) return false;
    if (this.#items[from] !== this.item || value !== this.#old) return false;
    tree.swap = undefined;
    this.cancel();
    tree.exchange(node, this.#to, from);
    return true;
  }

  /** Does the first half alone. */
  settle(tree: Tree): void {
    this.cancel();
    tree.set(this.#list, this.#to, copyIn(this.item, { depth: Infinity }));
  }

  cancel(): void {
    this.#items[this.#to] = this.#old;
  }

  get #items(): unknown[] {
    return this.#list.target as unknown[];
  }
}
