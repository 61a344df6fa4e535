import { read, type Container } from './container.js';
import type { ArrayBefore, ObjectBefore } from './before.js';
import { segment, type Key } from '../copy.js';
import type { Source } from './source.js';

/** The view of a container that is shown instead of a draft. */
export interface View {
  over(draft: object): object;
}

/**
 * The record of a visited container: its parent, and its content before this window (from one `take` to the
 * next). The ancestors of a container with a node have nodes, too.
 */
export class Node {
  readonly target: Container;
  /** undefined: this is the top, or was taken out of the value. */
  parent: Node | undefined;
  /** Where it was last seen in its parent. */
  key: Key;
  before: ObjectBefore | ArrayBefore | undefined;
  /** Out of which parent it was taken first in this window. */
  origin: Node | undefined;
  /** The children that changed, or have descendants that did, and whether it is one; set while a patch is made. */
  changed: Node[] | undefined;
  linked = false;
  /** While it is out of the value: how many containers were around it when it was in. */
  level = 0;
  /** While it was out of the value, a part of it moved elsewhere. A return must be distinguished from that
   * part. */
  robbed = false;
  /** Is kept beyond the window, like all nodes around it. */
  lasting = false;
  /** Its proxies: the one of the recipe that last read it, and the long-lived one. */
  scope: object | undefined;
  draft: object | undefined;
  live: object | undefined;
  /** Replaces the proxies, if set. */
  facade: View | undefined;
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
