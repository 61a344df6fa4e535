import { ABSENT, ArrayBefore, type ObjectBefore } from './before.js';
import { segment, type Key } from './copy.js';
import { listEdits } from './list.js';
import { hasOwn, isContainer, membersBefore, type Container, type Node } from './node.js';
import { measure } from './size.js';
import { ROOT, type Tree } from './tree.js';

/** `patch` is a JSON Patch (RFC 6902) as text, undefined when nothing differs; `growth` is by how much the value's text grew. */
export interface Delta {
  readonly patch: string | undefined;
  readonly growth: number;
}

/** Writes what leads from the beginning of the tree's window to now. */
export function delta(tree: Tree): Delta {
  const linked = linkChanged(tree.touched);
  const writer = new Writer(tree);
  const before = tree.top.before as ObjectBefore | undefined;
  writer.value(before ? before.get(ROOT) : tree.root, tree.root, '');
  for (const node of linked) node.changed = undefined;
  return { patch: writer.text(), growth: writer.growth };
}

/** Links each touched node to its parent, and so on up, so that the way down leads past nothing else. */
function linkChanged(touched: readonly Node[]): Set<Node> {
  const linked = new Set<Node>();
  for (const leaf of touched) {
    for (let node: Node | undefined = leaf; node && !linked.has(node); node = node.parent) {
      linked.add(node);
      if (node.parent) (node.parent.changed ??= []).push(node);
    }
  }
  return linked;
}

/** Receivers refuse paths through these; in values they are harmless. */
const UNSAFE: ReadonlySet<Key> = new Set(['__proto__', 'constructor', 'prototype']);

/** Length of the shortest operation with an empty path. */
const LEAST = '{"op":"remove","path":"/0"}'.length;

/**
 * Collects operations on a walk from the root: first what changed in a container itself, then what changed inside of those
 * children that stayed, at their final paths. Where the operations of a container get longer than its whole text, the text is
 * sent; where one would need an unsafe path, the container around it. Paths are kept as escaped JSON text.
 */
class Writer {
  growth = 0;
  readonly #tree: Tree;
  readonly #operations: string[] = [];
  #length = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  text(): string | undefined {
    return this.#operations.length === 0 ? undefined : `[${this.#operations.join(',')}]`;
  }

  /** Leads from what `before` held to what `now` holds, at the same path. */
  value(before: unknown, now: unknown, path: string): void {
    if (!isContainer(now)) {
      if (before !== now) this.#replace(before, now, path);
    } else if (before === now) {
      const node = this.#tree.find(now);
      if (node?.before || node?.changed) this.#container(now, now, node, path);
    } else if (isContainer(before) && Array.isArray(before) === Array.isArray(now)) {
      this.#container(before, now, this.#tree.find(now), path);
    } else this.#replace(before, now, path);
  }

  #container(before: Container, now: Container, node: Node | undefined, path: string): void {
    const count = this.#operations.length;
    const length = this.#length;
    const { growth } = this;
    const outcome = Array.isArray(now)
      ? this.#array(before as unknown[], now, node, path)
      : this.#object(before as Record<string, unknown>, now, node, path);
    if (
      outcome === 'written' &&
      !this.#isLonger(this.#operations.length - count, this.#length - length, now, path)
    )
      return;
    const text = JSON.stringify(now);
    this.#operations.length = count;
    this.#length = length;
    if (outcome === 'too long') this.growth = growth + text.length - this.#sizeBefore(before);
    this.#push(`{"op":"replace","path":"${path}","value":${text}}`);
  }

  /** Whether so many operations of that length are longer than the text of the container that they lead to. */
  #isLonger(count: number, length: number, container: Container, path: string): boolean {
    const limit = length - path.length - LEAST;
    return count > 1 && measure(container, limit) < limit;
  }

  #object(
    before: Record<string, unknown>,
    now: Record<string, unknown>,
    node: Node | undefined,
    path: string,
  ): Outcome {
    const same = before === now;
    const olds = same ? (node?.before as ObjectBefore | undefined) : this.#allBefore(before, now);
    let unsafe = false;
    const member = (key: string, old: unknown): void => {
      const count = this.#operations.length;
      if (!hasOwn(now, key)) this.#push(`{"op":"remove","path":"${path}${escaped(key)}"}`);
      else if (old === ABSENT)
        this.#push(`{"op":"add","path":"${path}${escaped(key)}","value":${this.#grow(now[key])}}`);
      else this.value(old, now[key], path + escaped(key));
      unsafe ||= UNSAFE.has(key) && this.#operations.length > count;
    };

    let added = 0;
    let removed = 0;
    for (const [key, old] of olds ?? []) {
      const present = hasOwn(now, key);
      if (old === ABSENT && !present) continue;
      const overhead = measure(key) + 2; // colon, comma
      if (old === ABSENT) {
        added++;
        this.growth += overhead;
      } else if (!present) {
        removed++;
        this.growth -= overhead + this.#sizeBefore(old);
      }
      member(key, old);
    }
    // one comma less where there is no neighbour
    if (added > 0 && removed === 0 && holds(now, added)) this.growth--;
    if (removed > 0 && added === 0 && holds(now, 0)) this.growth++;

    for (const child of (same && node?.changed) || []) {
      const key = node?.locate(child) as string;
      if (!olds?.has(key)) member(key, child.target);
    }
    return unsafe ? 'unsafe' : 'written';
  }

  /** What is the old value of all keys of `before` and `now`, two objects of which the one replaced the other. */
  #allBefore(before: Record<string, unknown>, now: Record<string, unknown>): ObjectBefore {
    const members = membersBefore(before, this.#tree.find(before)?.before as ObjectBefore | undefined);
    const olds: ObjectBefore = new Map(Object.entries(members));
    for (const key of Object.keys(now)) if (!olds.has(key)) olds.set(key, ABSENT);
    return olds;
  }

  #array(before: unknown[], now: unknown[], node: Node | undefined, path: string): Outcome {
    const old = this.#tree.find(before)?.before as ArrayBefore | undefined;
    let fresh: ReadonlySet<number> | undefined = new Set<number>();
    let written: ReadonlyMap<number, unknown> | undefined;
    if (before === now && old && !old.shifted) {
      written = old.written;
      for (const [index, item] of written) this.value(item, now[index], `${path}/${index}`);
      fresh = this.#list(old.tail(), now.slice(old.kept), old.kept, now, path);
    } else if (before !== now || old) {
      fresh = this.#list(old?.items(before) ?? before, now, 0, now, path);
    }
    if (!fresh) return 'too long';
    for (const child of node?.changed ?? []) {
      const index = node?.locate(child) as number;
      if (!fresh.has(index) && !written?.has(index))
        this.value(child.target, child.target, `${path}/${index}`);
    }
    return 'written';
  }

  /**
   * Leads from `before` to `now`, the items of `array` from `offset` on.
   *
   * @returns the indexes of items that were not there before; undefined when the text of the array is certainly shorter.
   */
  #list(
    before: readonly unknown[],
    now: readonly unknown[],
    offset: number,
    array: Container,
    path: string,
  ): Set<number> | undefined {
    const fresh = new Set<number>();
    const edits = listEdits(before, now, (steps) => {
      const least = steps * (path.length + LEAST);
      return steps < 8 || measure(array, least) >= least;
    });
    if (!edits) return undefined;
    for (const index of edits.removed) {
      this.growth -= this.#sizeBefore(before[index]) + 1;
      this.#push(`{"op":"remove","path":"${path}/${offset + index}"}`);
    }
    for (const { from, to, item } of edits.placed) {
      const at = `"path":"${path}/${offset + to}"`;
      if (from === undefined) {
        this.growth++;
        fresh.add(offset + item);
        this.#push(`{"op":"add",${at},"value":${this.#grow(now[item])}}`);
      } else if (from !== to) this.#push(`{"op":"move","from":"${path}/${offset + from}",${at}}`);
    }
    for (const [index, item] of edits.replaced) {
      fresh.add(offset + item);
      this.value(before[index], now[item], `${path}/${offset + item}`);
    }
    // one comma less where there is no neighbour
    if (offset === 0 && before.length === 0 && now.length > 0) this.growth--;
    if (offset === 0 && now.length === 0 && before.length > 0) this.growth++;
    return fresh;
  }

  #replace(before: unknown, now: unknown, path: string): void {
    this.growth -= this.#sizeBefore(before);
    this.#push(`{"op":"replace","path":"${path}","value":${this.#grow(now)}}`);
  }

  /** The text of a value that is new. */
  #grow(value: unknown): string {
    const text = JSON.stringify(value);
    this.growth += text.length;
    return text;
  }

  #sizeBefore(value: unknown): number {
    return measure(value, Infinity, (container) => {
      const before = this.#tree.find(container)?.before;
      if (!before) return container;
      if (before instanceof ArrayBefore) return before.items(container as unknown[]);
      return membersBefore(container as Record<string, unknown>, before);
    });
  }

  #push(operation: string): void {
    this.#operations.push(operation);
    this.#length += operation.length + 1;
  }
}

type Outcome =
  | 'written'
  /** Not without an unsafe path. */
  | 'unsafe'
  /** Given up, as it would get longer than the whole text. */
  | 'too long';

/** Whether an object has exactly so many members. */
function holds(target: object, count: number): boolean {
  for (const _ in target) if (--count < 0) return false;
  return count === 0;
}

/** A key as a segment of a path, ready to stand in JSON text. */
function escaped(key: string): string {
  return JSON.stringify(segment(key)).slice(1, -1);
}
