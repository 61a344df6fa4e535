import { copyIn, isPrivate, segment, unwrap, type Key } from '../copy.js';
import { hasOwn, isContainer, read, type Container } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import { Source } from '../tree/source.js';
import type { Tree } from '../tree/tree.js';
import { isPlain, put } from './adopt.js';
import { arrange } from './arrange.js';
import { behind, handleOf, type DraftScope } from './handle.js';
import { hasOwnParts } from './has-own-parts.js';
import type { Intake } from './intake.js';

/**
 * Lets writes to assigned objects count, as in `const user = (draft.users.ann = {}); user.age = 3`. Each object was copied when it was
 * assigned. Until its {@link Source} is closed, reads through a draft first fetch the changes of the object, and
 * `sync` fetches the rest. After a draft wrote to a copy, only that copy may be written: each look at it compares the object with
 * the one of that time. The objects themselves are never written. DECISIONS.md lists all promises.
 */
export class Sources {
  readonly #tree: Tree;
  readonly #intake: Intake;
  /** The nodes with a source, and some that had one. */
  #open: Node[] = [];

  constructor(tree: Tree, intake: Intake) {
    this.#tree = tree;
    this.#intake = intake;
  }

  get hasOpen(): boolean {
    return this.#open.length > 0;
  }

  open(node: Node, object: Container, scope: object, original?: Source): void {
    const before = node.source;
    const source = (node.source = new Source(object, original?.scope ?? scope));
    source.seen = original?.seen;
    if (Array.isArray(object)) source.items = object.slice();
    this.#open.push(node);
    this.#tree.note(() => {
      node.source = before;
      source.isUndone = true;
    });
  }

  /** Follows a member of an object that is followed. It is no write, so it outlasts a recipe that throws: drafts of `child` may be in use. */
  #follow(child: Node, object: Container, outer: Source): void {
    child.source = new Source(object, outer.scope, outer);
    this.#open.push(child);
  }

  /** Returns the object behind a draft as long as the copy shows nothing else: assigned again, it counts in both places. */
  originOf(value: unknown): unknown {
    const handle = isContainer(value) ? handleOf(value) : undefined;
    const node = handle?.scope.alive ? handle.node : undefined;
    if (!node?.source || node.source.seen || node.outermost() !== this.#tree.top) return value;
    const isForked = this.#open.some((inner) => inner.source?.seen && inner.isInside(node));
    return isForked || hasOwnParts(node.target, node.source.object) ? value : node.source.object;
  }

  /** Returns the items of an array, and the objects in place of their copies. */
  objectsOf({ source, target }: Node): readonly unknown[] {
    const given = source && !source.seen ? (source.object as unknown[]) : [];
    return (target as unknown[]).map(
      (item, index) => this.#tree.nodes.find(item)?.source?.object ?? behind(given[index]) ?? item,
    );
  }

  /** Ends the sources of one life of drafts, or all. */
  close(scope?: object): void {
    const rest: Node[] = [];
    for (const node of this.#open) {
      if (node.source && scope && node.source.scope !== scope) rest.push(node);
      else node.source = undefined;
    }
    if (rest.length < this.#open.length) this.#open = rest;
    this.forgetCopies();
  }

  /** Forgets which parts are copies of which: it matters to sources alone. */
  forgetCopies(): void {
    if (!this.hasOpen) this.#tree.copies.clear();
  }

  /**
   * Makes each copy equal its object.
   *
   * @param onError receives an error and the source's scope. Without it the first error is thrown.
   * @throws VeloxError `not-json`, `too-deep`, `stale-object`.
   */
  sync(onError?: (error: unknown, scope: object) => void): void {
    const isIn = (node: Node): boolean => node.outermost() === this.#tree.top;
    let outside: Node[] = [];
    let known = 0;
    // Fetching may open more sources, which are appended, and bring containers back.
    do {
      const nodes = outside.filter(isIn).concat(this.#open.slice(known));
      outside = outside.filter((node) => !isIn(node));
      known = this.#open.length;
      for (const node of nodes) {
        const { source } = node;
        if (!source || source.isOver) continue;
        if (!isIn(node)) {
          outside.push(node);
          continue;
        }
        try {
          if (source.seen) source.refuseChange(node);
          else if (!this.#hasContent(node.target, source.object)) this.#fetch(node, source, true);
        } catch (error) {
          if (!onError) throw error;
          onError(error, source.scope);
        }
      }
    } while (this.#open.length > known || outside.some(isIn));
  }

  /** Fetches the changes in the object of a node itself before a draft lists its members. */
  pull(node: Node): void {
    const { source } = node;
    if (source?.seen) source.refuseChange(node);
    else if (source) this.#fetch(node, source, false);
  }

  /** Fetches everything before a draft writes to the copy. From then on only the copy may be written. */
  fork(node: Node, key?: string): void {
    const { source } = node;
    if (!source) return;
    if (source.seen) return source.refuseChange(node, key);
    this.#tree.attempt(() => {
      this.#fetch(node, source, true);
      const { object } = source;
      source.seen = Array.isArray(object) ? object.slice() : { ...object };
      this.#tree.note(() => (source.seen = undefined));
    });
  }

  /** Fetches one member before a draft reads it. */
  meet(node: Node, key: string, source: Source): void {
    if (source.seen) return source.refuseChange(node, key);
    const { object } = source;
    if (Array.isArray(object)) {
      if (
        key === 'length'
          ? object.length !== (node.target as unknown[]).length
          : !source.isInPlace(Number(key))
      )
        this.pull(node);
      if (!hasOwn(object, key) || key === 'length') return;
    } else if (this.#isOmitted(node, key) || (!hasOwn(object, key) && !hasOwn(node.target, key))) return;
    const member = memberOf(object, key);
    const at = Array.isArray(object) ? Number(key) : key;
    this.#fetchMember(node, at, member, true);
    const ours = read(node.target, at);
    if (isContainer(ours) && isContainer(member) && handleOf(member)?.scope.tree !== this.#tree) {
      const child = this.#tree.nodes.child(node, at, ours);
      if (!child.source) this.#follow(child, unwrap(member, key) as Container, node.source!); // made by toJSON
    }
  }

  #fetch(node: Node, source: Source, isDeep: boolean): void {
    const { object } = source;
    if (Array.isArray(object)) {
      arrange(this.#tree, node, source, object);
      for (let index = 0; index < object.length; index++)
        this.#fetchMember(node, index, object[index], isDeep);
    } else {
      for (const key of Object.keys(node.target))
        if (memberOf(object, key) === undefined) this.#tree.remove(node, key);
      for (const key of Object.keys(object))
        if (!this.#isOmitted(node, key)) this.#fetchMember(node, key, object[key], isDeep);
    }
  }

  #isOmitted(node: Node | undefined, key: string): boolean {
    return isPrivate(key) && this.#intake.omits(key, node && (() => node.pointer() + segment(key)));
  }

  #fetchMember(node: Node, key: Key, member: unknown, isDeep: boolean): void {
    const { nodes } = this.#tree;
    const ours = hasOwn(node.target, key) ? read(node.target, key) : undefined;
    if (!isPlain(member)) {
      if (!this.#isSame(ours, Array.isArray(node.target) ? (member ?? null) : member, key))
        this.#put(node, key, ours, member);
      return;
    }
    if (isContainer(ours) && Array.isArray(ours) === Array.isArray(member)) {
      const child = nodes.find(ours);
      if (child?.source ? child.source.object === member : !child || !isShown(child)) {
        if (isDeep && !child?.source) this.#follow(nodes.child(node, key, ours), member, node.source!);
        return;
      }
    }
    const outermost = node.outermost();
    const moved = this.#open.find(
      (free) => !free.parent && free.source?.object === member && free !== outermost,
    );
    if (moved) this.#tree.set(node, key, moved.target);
    else this.#put(node, key, ours, member);
  }

  #put(node: Node, key: Key, ours: unknown, member: unknown): void {
    const tree = this.#tree;
    const { scope } = node.source!;
    const origins = {
      hasOpen: true,
      open: (child: Node, object: Container, original?: Source) => this.open(child, object, scope, original),
      fork: (child: Node, key?: string) => this.fork(child, key),
      duplicate: (...copied: Parameters<DraftScope['duplicate']>) =>
        (scope as DraftScope).duplicate(...copied),
      originOf: (value: unknown) => this.originOf(value),
    };
    tree.attempt(() => {
      if (isContainer(ours)) tree.release(node, key, ours);
      put(tree, node, key, member, this.#intake, origins);
    });
  }

  /** Whether ours is what JSON makes of a member of an object, or is fetched independently. */
  #isSame(ours: unknown, member: unknown, key: Key): boolean {
    if (!isContainer(member))
      return ours === member || (typeof member === 'number' && isSameNumber(ours, member));
    const handle = handleOf(member);
    if (handle?.scope.tree === this.#tree) {
      const { target } = handle.node;
      if (!handle.scope.alive || target === ours) return true;
      if (isContainer(ours) && this.#tree.copies.isCopyOf(ours, target)) return true;
    } else if (!isPlain(member)) {
      const json = unwrap(member, key);
      if (json === member) return false; // an error, which names the place
      if (!isContainer(json)) return this.#isSame(ours, json, key);
      return this.#tree.nodes.find(ours)?.source !== undefined || isEqual(ours, json);
    }
    if (!isContainer(ours) || Array.isArray(ours) !== Array.isArray(member)) return false;
    const node = this.#tree.nodes.find(ours);
    if (node?.source) return node.source.object === member;
    return !(node && isShown(node)) && this.#hasContent(ours, member);
  }

  #hasContent(ours: Container, object: Container): boolean {
    if (Array.isArray(object)) {
      const items = ours as unknown[];
      if (items.length !== object.length) return false;
      for (let index = 0; index < items.length; index++)
        if (!this.#isSame(items[index], object[index] ?? null, index)) return false;
      return true;
    }
    let count = 0;
    for (const key of Object.keys(object)) {
      if (this.#isOmitted(undefined, key)) continue;
      const own = hasOwn(ours, key) ? read(ours, key) : undefined;
      if (!this.#isSame(own, object[key], key)) return false;
      if (own !== undefined) count++;
    }
    return Object.keys(ours).length === count;
  }
}

/** The member as JSON would see it: own and enumerable. */
function memberOf(object: Container, key: string): unknown {
  return Object.prototype.propertyIsEnumerable.call(object, key) ? read(object, key) : undefined;
}

function isSameNumber(ours: unknown, member: number): boolean {
  return ours === (Number.isFinite(member) ? member : null);
}

/** Whether a draft of it may be in use. */
function isShown({ draft, live, facade }: Node): boolean {
  return (draft ?? live ?? facade) !== undefined;
}

function isEqual(ours: unknown, json: Container): boolean {
  return JSON.stringify(ours) === JSON.stringify(copyIn(json));
}
