import { bind } from '../drafts/adopt.js';
import type { Intake } from '../drafts/intake.js';
import { handleOf, type Handle } from '../drafts/handle.js';
import { copyIn, exotic, isPrimitive, isPrivate, notJson, segment, unwrap, type Key } from '../copy.js';
import { matchRows } from './match-rows.js';
import { hasOwn, isContainer, type Container } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import { writable } from '../tree/thaw.js';
import { rewrite } from './rewrite.js';
import { NO_KEY, type KeyReader, type RowKeys } from './row-key.js';
import { ROOT, type Tree } from '../tree/tree.js';

type Members = Record<string, unknown>;

/**
 * Brings a tree to a value that arrives whole: walks both and writes what differs. Rows of a list are matched by their key,
 * else by the identity that the application's row had before, else by equal content from both ends of the list.
 */
export class Differ {
  readonly #tree: Tree;
  readonly #intake: Intake;
  readonly #rowKeys: RowKeys;
  /** Our copy of each of the application's rows that have no key. */
  readonly #memory: WeakMap<object, object>;
  /** `tree.writes` after the last run: as long as they are equal, the tree equals the input of that run. */
  #writes = 0;
  /** Whether objects inherit members that could be taken for their own. Checking each object would add half the cost of the diff. */
  #isExtended = false;
  /** The containers of the tree on the way down, and under which key each stands. */
  readonly #way: Container[] = [];
  readonly #keys: Key[] = [];

  constructor(tree: Tree, intake: Intake, keys: RowKeys, memory: WeakMap<object, object>) {
    this.#tree = tree;
    this.#intake = intake;
    this.#rowKeys = keys;
    this.#memory = memory;
  }

  /**
   * Makes the tree equal `next`. All or nothing.
   *
   * @param previous an immutable value that the last run received. The diff skips members that are `===` in both this value and `next`.
   *   Ignored if another write happened meanwhile.
   */
  run(next: unknown, previous: unknown): void {
    this.#tree.settle(); // first, for that counts as a write
    const known = this.isCurrent;
    this.#isExtended = isExtended();
    let done = false;
    try {
      this.#tree.attempt(() => this.#root(next, known ? previous : undefined));
      done = true;
    } finally {
      this.#way.length = 0;
      if (known || done) this.#writes = this.#tree.writes;
    }
  }

  /** Whether the tree equals the input of the last run. */
  get isCurrent(): boolean {
    return this.#writes === this.#tree.writes;
  }

  #root(next: unknown, previous: unknown): void {
    const tree = this.#tree;
    const walk = (value: unknown): void => {
      this.#way.length = 0;
      const settled = this.#settle(tree.root, value, '', previous) ?? null;
      if (settled !== tree.root) tree.set(tree.top, ROOT, settled);
    };
    try {
      tree.attempt(() => walk(next));
    } catch (error) {
      this.#way.length = 0;
      const { depth } = this.#intake;
      if (error === ALIASED) this.#root(copyIn(next, { depth, rules: this.#intake }), undefined);
      else if (error === FROZEN) tree.set(tree.top, ROOT, this.#copy(next, '', false));
      else throw error;
    }
  }

  /** The value to put in the place of `ours` so that the tree equals `next`: `ours` itself if the diff could patch it. */
  #settle(old: unknown, next: unknown, key: Key, previous: unknown): unknown {
    if (!isContainer(next)) return this.#copy(next, key);
    if (next === previous) return old;
    const json = unwrap(next, key);
    if (!isContainer(json) || !isContainer(old)) return this.#copy(next, key);
    const handle = handleOf(json);
    if (handle?.node.target === old) return old;
    const ours = this.#thawed(old, key);
    if (handle) this.#refuseAlias(handle);
    if (Array.isArray(json) !== Array.isArray(ours)) return this.#copy(next, key);
    if (json !== next && this.#intake.binding(next)) return this.#copy(next, key);

    this.#keys[this.#way.length] = key;
    this.#way.push(ours);
    if (Array.isArray(ours)) this.#items(ours, json as unknown[], Array.isArray(previous) ? previous : []);
    else this.#members(ours, json as Members, isContainer(previous) ? (previous as Members) : {});
    this.#way.pop();
    if (json !== ours) this.#refuseWritten(json);
    return ours;
  }

  #members(ours: Members, next: Members, previous: Members): void {
    let kept = 0;
    let dropped: Set<string> | undefined;
    const isExtended = this.#isExtended;
    const nextKeys = Object.keys(next);
    if (nextKeys.length === 0) this.#refuseExotic(next);
    for (const key of nextKeys) {
      const value = next[key];
      let old = ours[key];
      if (value === old && isPrimitive(value) && (!isExtended || hasOwn(ours, key))) {
        kept++;
        continue;
      }
      if (isPrivate(key) && this.#intake.omits(key, () => this.#pointer(key))) continue;
      if (!hasOwn(ours, key)) old = undefined;
      const settled = this.#settle(old, value, key, previous[key]);
      if (settled === undefined) (dropped ??= new Set()).add(key);
      else {
        kept++;
        if (settled !== old) this.#tree.set(this.#node(), key, settled);
      }
    }
    const keys = Object.keys(ours);
    if (keys.length === kept) return;
    for (const key of keys) {
      const there = Object.prototype.propertyIsEnumerable.call(next, key) && !dropped?.has(key);
      if (!there) this.#tree.remove(this.#node(), key);
    }
  }

  #items(ours: unknown[], next: readonly unknown[], previous: readonly unknown[]): void {
    const old = previous.length === ours.length ? previous : [];
    const sample = next.find(isContainer);
    const reader = (sample && this.#rowKeys.readerFor(sample)) ?? NO_KEY;
    const shared = Math.min(ours.length, next.length);
    let start = 0;
    while (start < shared && this.#matches(ours, start, next[start], old[start], reader)) start++;
    let end = ours.length;
    let nextEnd = next.length;
    while (end > start && nextEnd > start) {
      if (!this.#matches(ours, end - 1, next[nextEnd - 1], old[end - 1], reader)) break;
      end--;
      nextEnd--;
    }
    if (end === start && nextEnd === start) return;

    const identity = { key: reader, memory: this.#memory, previous: old.slice(start, end) };
    const sources = matchRows(ours.slice(start, end), next.slice(start, nextEnd), identity);
    const rows = Array.from(sources, (source, offset) => {
      const index = start + offset;
      const item = next[index];
      const row = source < 0 ? undefined : ours[start + source];
      const settled = row ? this.#settle(row, item, index, old[start + source]) : this.#copy(item, index);
      if (isContainer(item) && isContainer(settled)) {
        if (reader.of(item) === undefined) this.#memory.set(item, settled);
        this.#rowKeys.remember?.(item, settled);
      }
      return settled ?? null;
    });
    rewrite(this.#tree, this.#node(), start, end - start, rows);
  }

  /** Whether `next` is the same row as `ours[index]`; if so, our row is brought there. */
  #matches(ours: unknown[], index: number, next: unknown, previous: unknown, reader: KeyReader): boolean {
    // First, because this reads neither of the two rows.
    if (next === previous && next !== undefined) return true;
    const row = ours[index];
    if (!isContainer(next)) return row === next || this.#equal(row, next ?? null, index);
    if (!isContainer(row)) return this.#equal(row, next, index);
    if (Object.isFrozen(row)) this.#thawed(row, index);
    const key = reader.of(next);
    if (key !== undefined) {
      if (reader.ofOurs(row) !== key) return false;
    } else if (this.#memory.get(next) !== row) {
      if (!this.#equal(row, next, index)) return false;
      this.#memory.set(next, row);
      return true;
    }
    const settled = this.#settle(row, next, index, previous) ?? null;
    if (settled !== row) this.#tree.set(this.#node(), index, settled);
    if (isContainer(settled)) this.#rowKeys.remember?.(next, settled);
    return true;
  }

  /** Whether our value is what `next` would be as JSON. */
  #equal(ours: unknown, next: unknown, key: Key): boolean {
    if (!isContainer(next)) return ours === next || ours === this.#copy(next, key);
    const json = unwrap(next, key);
    if (!isContainer(json)) return ours === this.#copy(json, key);
    if (!isContainer(ours) || Array.isArray(json) !== Array.isArray(ours)) return false;
    if (json !== ours) this.#refuseWritten(json);
    if (Array.isArray(ours)) {
      const items = json as unknown[];
      return (
        ours.length === items.length &&
        ours.every((item, index) => this.#equal(item, items[index] ?? null, index))
      );
    }
    let count = 0;
    for (const name of Object.keys(json)) {
      if (isPrivate(name) && this.#intake.omits(name)) continue;
      const own = hasOwn(ours, name) ? ours[name] : undefined;
      if (!this.#equal(own, (json as Members)[name], name)) return false;
      if (own !== undefined) count++;
    }
    if (count === 0) this.#refuseExotic(json);
    return Object.keys(ours).length === count;
  }

  /** A Map, for instance, has no members that JSON would carry. */
  #refuseExotic(next: object): void {
    const what = exotic(next);
    if (what) throw notJson(what, this.#pointer());
  }

  /** @param isRead whether the tree is written while the value is read */
  #copy(value: unknown, key: Key, isRead = true): unknown {
    if (typeof value !== 'object' || value === null)
      return copyIn(value, { key, rules: this.#intake, path: () => this.#pointer(key) });
    return copyIn(value, {
      rules: this.#intake,
      key,
      depth: this.#intake.depth - this.#way.length,
      path: () => this.#pointer(key),
      adopt: (source, copies) => {
        const handle = handleOf(source);
        if (isRead) this.#refuseWritten(source);
        if (handle) this.#refuseAlias(handle);
        else if (this.#intake.binding(source))
          return bind(this.#tree, this.#node(), source, copies, this.#intake);
        return undefined;
      },
    });
  }

  /** `next` contains parts of this tree, which changes during the walk, so `next` has to be copied first. */
  #refuseAlias(handle: Handle): void {
    if (handle.scope.tree === this.#tree) throw ALIASED;
  }

  /** The same for a container of the tree itself, as it stood in the value, once this window has written to it. */
  #refuseWritten(part: object): void {
    if (this.#tree.dirty && this.#tree.nodes.find(part)?.before) throw ALIASED;
  }

  /** The container to write to if the application has frozen one, as immer freezes its input. Without lasting drafts, the tree is recreated. */
  #thawed(ours: Container, key: Key): Container {
    if (!Object.isFrozen(ours)) return ours;
    const { nodes, root } = this.#tree;
    if (!nodes.find(root)?.isLasting) throw FROZEN;
    return writable(this.#tree, nodes.child(this.#node(), key, ours));
  }

  #pointer(...keys: Key[]): string {
    return this.#way.length === 0
      ? ''
      : [...this.#keys.slice(1, this.#way.length), ...keys].map(segment).join('');
  }

  #node(): Node {
    return this.#way.reduce<Node>(
      (parent, container, level) =>
        this.#tree.nodes.child(parent, level === 0 ? ROOT : (this.#keys[level] as Key), container),
      this.#tree.top,
    );
  }
}

/** Whether objects inherit enumerable members. */
function isExtended(): boolean {
  for (const key in Object.prototype) if (key !== undefined) return true;
  return false;
}

const ALIASED = new Error('a part of the tree itself');
const FROZEN = new Error('a part of the tree is frozen');
