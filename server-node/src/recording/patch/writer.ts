import { ABSENT, ArrayBefore, ObjectBefore } from '../tree/before.js';
import type { Lists } from '../tree/run.js';
import { listEdits, trim } from './list-edits.js';
import { hasOwn, isContainer, type Container } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import { escaped, isUnsafe } from './path.js';
import { measure, toText } from './size.js';
import type { Tree } from '../tree/tree.js';

/** Length of the shortest operation with an empty path. */
const LEAST = '{"op":"remove","path":"/0"}'.length;

/** How much longer than its whole text the edits of a container may be. */
const WORTH = 2;

/**
 * Collects operations on a walk from the root: first the changes of a container itself, then the changes inside its remaining
 * children, at their final paths. If the operations of a container get much longer than its whole text, the text is sent. If an
 * operation would need an unsafe path, the enclosing container is sent. Paths are kept as escaped JSON text.
 */
export class Writer {
  growth = 0;
  readonly #tree: Tree;
  #operations: string[] = [];
  #length = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  get patch(): string | undefined {
    const operations = this.#operations;
    if (operations.length === 0) return undefined;
    return `[${operations.length === 1 ? operations[0] : operations.join(',')}]`; // a join of one is slow
  }

  /** Leads from the content that `former` had to the content of `now`, at the same path. */
  value(former: unknown, now: unknown, path: string): void {
    const before = this.#tree.nodes.present(former);
    if (!isContainer(now)) {
      if (before !== now) this.#replace(before, now, path);
    } else if (before === now) {
      const node = this.#tree.nodes.find(now);
      if (node?.before || node?.changed) this.container(now, now, node, path);
    } else if (isContainer(before) && Array.isArray(before) === Array.isArray(now)) {
      this.container(before, now, this.#tree.nodes.find(now), path);
    } else this.#replace(before, now, path);
  }

  container(before: Container, now: Container, node: Node | undefined, path: string): void {
    const count = this.#operations.length;
    const length = this.#length;
    const { growth } = this;
    const outcome = Array.isArray(now)
      ? this.#array(before as unknown[], now, node, path)
      : this.#object(before as Record<string, unknown>, now, node, path);
    if (outcome === 'written' && !this.#isTooLong(count, length, before, now, path)) return;
    const text = JSON.stringify(now);
    this.#operations.length = count;
    this.#length = length;
    if (outcome === 'too long') this.growth = growth + text.length - this.#sizeBefore(before);
    this.push(`{"op":"replace","path":"${path}","value":${text}}`);
  }

  /**
   * Whether the text of `now` is better than the operations written since. For a new container, it is better if
   * it is shorter. For a changed one, whose unchanged parts receivers keep, it is better if it is half as long.
   * The state decides for the root, by its snapshot.
   */
  #isTooLong(count: number, length: number, before: Container, now: Container, path: string): boolean {
    if (this.#operations.length - count < 2 || path === '') return false;
    const limit = (this.#length - length - path.length - LEAST) / (before === now ? WORTH : 1);
    return measure(now, limit) < limit;
  }

  #object(
    before: Record<string, unknown>,
    now: Record<string, unknown>,
    node: Node | undefined,
    path: string,
  ): Outcome {
    const same = before === now;
    const olds = same ? (node?.before as ObjectBefore | undefined) : this.#allBefore(before, now);
    let unsafe = olds ? this.#members(olds, now, path) : false;
    for (const child of (same && node?.changed) || []) {
      const key = node?.locate(child) as string;
      if (olds?.has(key)) continue;
      const count = this.#operations.length;
      this.value(child.target, child.target, path + escaped(key));
      unsafe ||= isUnsafe(key) && this.#operations.length > count;
    }
    return unsafe ? 'unsafe' : 'written';
  }

  /** @returns whether an unsafe path was used. */
  #members(olds: ObjectBefore, now: Record<string, unknown>, path: string): boolean {
    let unsafe = false;
    let added = 0;
    let removed = 0;
    for (let index = 0; index < olds.keys.length; index++) {
      const key = olds.keys[index] as string;
      const old = olds.values[index];
      const count = this.#operations.length;
      const at = path + escaped(key);
      if (hasOwn(now, key)) {
        if (old === ABSENT) {
          added++;
          this.growth += measure(key) + 2; // colon, comma
          this.push(`{"op":"add","path":"${at}","value":${this.#grow(now[key])}}`);
        } else this.value(old, now[key], at);
      } else if (old !== ABSENT) {
        removed++;
        this.growth -= measure(key) + 2 + this.#sizeBefore(old);
        this.push(`{"op":"remove","path":"${at}"}`);
      }
      unsafe ||= isUnsafe(key) && this.#operations.length > count;
    }
    // one comma less if the member has no neighbour
    if (added !== removed) {
      const count = this.#tree.counts.of(now);
      if (count === added - removed) this.growth--;
      if (count === 0) this.growth++;
    }
    return unsafe;
  }

  /** The old value of all keys of `before` and `now`, two objects of which the one replaced the other. */
  #allBefore(before: Record<string, unknown>, now: Record<string, unknown>): ObjectBefore {
    const olds = new ObjectBefore();
    const members = this.#before(before) as Record<string, unknown>;
    for (const key of Object.keys(members)) olds.keep(key, members[key]);
    for (const key of Object.keys(now)) olds.keep(key, ABSENT);
    return olds;
  }

  #array(before: unknown[], now: unknown[], node: Node | undefined, path: string): Outcome {
    const old = this.#tree.nodes.find(before)?.before as ArrayBefore | undefined;
    let fresh: ReadonlySet<number> | undefined;
    if (before !== now || old) {
      const lists =
        (before === now && old?.compare(now)) ||
        trim(this.#tree.nodes.presentItems(old?.items(before) ?? before), now);
      fresh = this.#edit(lists, now, path);
      if (!fresh) return 'too long';
      // one comma less if the member has no neighbour
      const length = old?.length ?? before.length;
      if (length === 0 && now.length > 0) this.growth--;
      if (length > 0 && now.length === 0) this.growth++;
    }
    for (const child of node?.changed ?? []) {
      const index = Number(node?.locate(child));
      if (!fresh?.has(index)) this.value(child.target, child.target, `${path}/${index}`);
    }
    return 'written';
  }

  /** @returns the indexes of items that were not there before; undefined when the text of the array is certainly shorter. */
  #edit(lists: Lists, array: readonly unknown[], path: string): Set<number> | undefined {
    const fresh = new Set<number>();
    const edits = listEdits(lists, (steps) => {
      const least = (steps * (path.length + LEAST)) / WORTH;
      return steps < 8 || measure(array, least) >= least;
    });
    if (!edits) return undefined;
    for (const { from, item } of edits.removed) {
      this.growth -= this.#sizeBefore(item) + 1;
      this.push(`{"op":"remove","path":"${path}/${from}"}`);
    }
    const [move, place] = [`{"op":"move","from":"${path}/`, `"path":"${path}/`];
    for (const { from, to, index } of edits.placed) {
      if (from === undefined) {
        this.growth++;
        fresh.add(index);
        this.push(`{"op":"add",${place}${to}","value":${this.#grow(array[index])}}`);
      } else if (from !== to) this.push(`${move}${from}",${place}${to}"}`);
    }
    for (const { item, index } of edits.replaced) {
      fresh.add(index);
      this.value(item, array[index], `${path}/${index}`);
    }
    return fresh;
  }

  #replace(before: unknown, now: unknown, path: string): void {
    this.growth -= this.#sizeBefore(before);
    this.push(`{"op":"replace","path":"${path}","value":${this.#grow(now)}}`);
  }

  /** The text of a value that is new. */
  #grow(value: unknown): string {
    const text = toText(value);
    this.growth += text.length;
    return text;
  }

  #sizeBefore(value: unknown): number {
    return measure(value, Infinity, (container) => this.#before(container));
  }

  /** A container as it was. */
  #before(former: object): object {
    const { nodes } = this.#tree;
    const container = nodes.present(former) as Container;
    const before = nodes.find(container)?.before;
    if (!before) return container;
    if (before instanceof ArrayBefore) return before.items(container as unknown[]);
    return before.members(container as Record<string, unknown>);
  }

  push(operation: string): void {
    if (this.#operations.length === 0)
      this.#operations = [operation]; // mostly it is the only one
    else this.#operations.push(operation);
    this.#length += operation.length + 1;
  }
}

type Outcome =
  | 'written'
  /** Not without an unsafe path. */
  | 'unsafe'
  /** Given up, as it would get longer than the whole text. */
  | 'too long';
