import { read, type Container } from './container.js';
import type { ArrayBefore, ObjectBefore } from './before.js';
import { segment, type Key } from '../copy.js';
import type { Source } from './source.js';

/** A VMap or VSlice, as the node of its container knows it. */
interface NodeFacade {
  /** Returns another one for the same container, seen through a draft. */
  over(draft: object): object;
}

/**
 * The record of a visited container: its parent, and its content before this window (from one `take` to the
 * next). The ancestors of a container with a node have nodes, too.
 */
export class Node {
  /** Replaced if the application froze it; see `thaw`. */
  target: Container;
  /** undefined: this is the top, or was taken out of the value. */
  parent: Node | undefined;
  /** Where it was last seen in its parent. */
  key: Key;
  before: ObjectBefore | ArrayBefore | undefined;
  /** The parent that it was first taken out of in this window. */
  origin: Node | undefined;
  /**
   * The children that changed or have changed descendants, and whether this node is one of them in its parent; set while a patch is made.
   */
  changed: Node[] | undefined;
  isLinked = false;
  /** How many writes the tree had counted at the last write to it. */
  written = 0;
  /** The node that its drafts stand for instead, because that one took its place. */
  successor: Node | undefined;
  /** How many containers surrounded it in the value; used while it is out of the value. */
  level = 0;
  /** Whether a part of it moved elsewhere while it was out of the value. If it returns, that part is copied. */
  hasLostChild = false;
  /** Whether an attempt made it that was undone. It may still hold parts, which it must not share with the value. */
  isUndone = false;
  /** Whether it is kept beyond the window, like all nodes around it. */
  isLasting = false;
  /** Its proxies: the one of the recipe that last read it, and the long-lived one. */
  scope: object | undefined;
  draft: object | undefined;
  live: object | undefined;
  /** Replaces the proxies, if set. */
  facade: NodeFacade | undefined;
  /** The application's object that the container is a copy of, while writes to that object count. */
  source: Source | undefined;

  constructor(target: Container, parent?: Node, key: Key = '') {
    this.target = target;
    this.parent = parent;
    this.key = key;
  }

  /** The outermost container around this one: the tree's top, or a detached container. */
  outermost(): Node {
    return this.parent?.outermost() ?? this;
  }

  /** Whether it is `outer`, or inside of it. */
  isInside(outer: Node): boolean {
    return this === outer || (this.parent?.isInside(outer) ?? false);
  }

  /** How many containers are around this one: 0 for the root. */
  depth(): number {
    return this.parent ? this.parent.depth() + 1 : this.level;
  }

  /** Its place as a JSON pointer. */
  pointer(): string {
    if (!this.parent?.parent) return '';
    return this.parent.pointer() + segment(this.parent.locate(this) ?? this.key);
  }

  /** Under which key a child is now; an index as a number or as its text. */
  locate(child: Node): Key | undefined {
    const { target } = this;
    const { key } = child;
    if (read(target, key) === child.target) return key;
    if (!Array.isArray(target)) return Object.keys(target).find((key) => target[key] === child.target);
    const index = target.indexOf(child.target);
    return index < 0 ? undefined : (child.key = index);
  }
}
