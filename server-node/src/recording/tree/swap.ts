import type { Container } from './container.js';
import { writable, type Host } from './thaw.js';
import type { Node } from './node.js';

/**
 * The first half of a swap in a recipe. A recipe swaps two rows by `list[to] = list[from]`, then `list[from] = old`, where `old` stood
 * at `to`. Between the halves the item stands at two indexes and nothing is recorded. If the second half comes next, the tree exchanges
 * the two items. Otherwise the first half becomes an ordinary assignment, which copies the item.
 */
export class Swap {
  readonly list: Node;
  readonly to: number;
  readonly item: Container;
  readonly assign: () => void;
  readonly #old: unknown;

  /** @param assign copies the item, if the second half does not come */
  constructor(list: Node, to: number, item: Container, assign: () => void) {
    this.assign = assign;
    this.list = list;
    this.to = to;
    this.item = item;
    this.#old = this.#items[to];
    this.#items[to] = item;
  }

  /** Whether assigning `value` at `index` of `node` is the second half. */
  matches(node: Node, index: number, value: unknown): boolean {
    if (node !== this.list || index === this.to) return false;
    return this.#items[index] === this.item && value === this.#old;
  }

  /** Takes the first half back. */
  cancel(tree: Host): void {
    (writable(tree, this.list) as unknown[])[this.to] = this.#old;
  }

  get #items(): unknown[] {
    return this.list.target as unknown[];
  }
}
