import type { Key } from '../copy.js';
import { isContainer, type Container } from './container.js';
import { Duplicates } from './duplicates.js';
import { Node } from './node.js';

/** How many nodes may outlast a window. */
const MOST_NODES = 64;

/** The nodes of a tree, found by their containers. Their links follow each write. */
export class Nodes {
  /** Those with an `origin`. */
  moved: Node[] = [];
  readonly duplicates: Duplicates = new Duplicates();
  #known: Map<object, Node> | undefined;
  /** Those with a long-lived proxy, and those around them. */
  #pinned: WeakMap<object, Node> | undefined;
  /** The nodes of containers that were replaced. */
  #former: WeakMap<object, Node> | undefined;
  /** Some may keep detached containers alive. */
  #stale = false;

  /** The node of a container that was visited, as far as it is remembered. */
  find(container: unknown): Node | undefined {
    return this.#known?.get(container as object) ?? this.#pinned?.get(container as object);
  }

  /** The node of what `parent` holds under `key`. */
  child(parent: Node, key: Key, container: Container): Node {
    let node = this.find(container);
    if (!node) (this.#known ??= new Map()).set(container, (node = new Node(container, parent, key)));
    else node.key = key;
    return node;
  }

  /** The node of a container that was just taken out of `parent`. */
  loose(container: Container, parent: Node): Node {
    let node = this.find(container);
    if (!node) {
      (this.#known ??= new Map()).set(container, (node = new Node(container)));
      this.#leave(node, parent);
    }
    return node;
  }

  /** Keeps a node beyond the window, and those around it. */
  pin(node: Node): void {
    this.#pinned ??= new WeakMap();
    for (let at: Node | undefined = node; at && !at.isLasting; at = at.parent) {
      at.isLasting = true;
      this.#pinned.set(at.target, at);
    }
  }

  /** `value` comes to stand under `key` of `parent`. */
  attach(value: unknown, parent: Node, key: Key): void {
    if (!isContainer(value)) return;
    const node = this.find(value);
    if (!node || (node.parent && node.parent !== parent)) return; // it went elsewhere, and stays there
    node.parent = parent;
    node.key = key;
    if (node.isLasting) this.pin(parent);
    this.duplicates.join(node);
  }

  /** `value` no longer stands in `parent`. */
  release(value: unknown, parent: Node): void {
    const node = isContainer(value) ? this.find(value) : undefined;
    if (node?.parent === parent) this.#leave(node, parent);
  }

  /** Gives a node another container. */
  retarget(node: Node, container: Container): void {
    for (const known of [this.#known, this.#pinned])
      if (known?.delete(node.target)) known.set(container, node);
    (this.#former ??= new WeakMap()).set(node.target, node);
    this.#former.delete(container);
    node.target = container;
  }

  /** The container that has replaced `value`; any other value is itself. */
  present(value: unknown): unknown {
    return this.#former?.get(value as object)?.target ?? value;
  }

  /** The same for the items of a list. */
  presentItems(items: readonly unknown[]): readonly unknown[] {
    return this.#former ? items.map((item) => this.present(item)) : items;
  }

  /** Ends a window. */
  close(): void {
    for (const node of this.moved) node.origin = undefined;
    if (this.moved.length > 0) this.moved = [];
  }

  /** Forgets nodes, as long as no drafts of a recipe need them; few may stay if they keep nothing alive that is out of the value. */
  trim(): void {
    if (!this.#known || (!this.#stale && this.#known.size <= MOST_NODES)) return;
    const rest = new Map<object, Node>();
    for (const node of this.#known.values()) {
      if (!node.source) continue;
      for (let at: Node | undefined = node; at && !rest.has(at.target); at = at.parent)
        rest.set(at.target, at);
    }
    this.#known = rest;
    this.#stale = false;
  }

  /** Something was undone, so there may be nodes of copies that are no longer in use. */
  distrust(): void {
    this.#stale = true;
  }

  #leave(node: Node, parent: Node): void {
    node.parent = undefined;
    node.level = parent.depth() + 1;
    this.#stale = true;
    this.duplicates.leave(node);
    if (node.origin) return;
    node.origin = parent;
    this.moved.push(node);
  }
}
