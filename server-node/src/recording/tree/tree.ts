import { ABSENT, ArrayBefore, ObjectBefore } from './before.js';
import { put, type Key } from '../copy.js';
import type { ChangeListener } from './change-listener.js';
import { Copies } from './copies.js';
import { Exchange, Restore, START, type Undo } from './journal.js';
import { MemberCounts } from './member-counts.js';
import { hasOwn, read } from './container.js';
import { Node } from './node.js';
import { Nodes } from './nodes.js';
import { spliceIn } from './splice-in.js';
import { forget, SuspendedWindow } from './suspended-window.js';
import { Swap } from './swap.js';
import { writable } from './thaw.js';

/** The key of the root in the top container, which holds nothing else. */
export const ROOT = 'root';

/**
 * A value in place, and the only way to write into it. Each write keeps two things: the content when the window
 * began, which ends with its patch, and, while an attempt runs, the undo of the write.
 */
export class Tree {
  /** Holds the root, so that the root is a member like any other. */
  readonly top: Node = new Node({ [ROOT]: null });
  /** Something was written in this window, perhaps undone since. */
  dirty = false;
  /** How many writes and windows there were. */
  writes = 0;
  windows = 0;
  /** The nodes with something in `before`. */
  touched: Node[] = [];
  /** Called with each node at its first write in a window, and with a node that gets a child back by undoing. */
  onTouch: ((node: Node) => void) | undefined;
  readonly nodes: Nodes = new Nodes();
  readonly copies: Copies = new Copies();
  readonly counts: MemberCounts = new MemberCounts();
  /** The writes of the running attempt, newest first. */
  #journal: Undo | undefined;
  /** A swap that is half done. Reading or writing the item that stands in two places settles it first. */
  #swap: Swap | undefined;
  #announced = false;
  readonly #listener: ChangeListener | undefined;

  constructor(listener?: ChangeListener) {
    this.top.level = -1;
    this.#listener = listener;
  }

  get root(): unknown {
    return read(this.top.target, ROOT);
  }

  /** Sets the value to begin with. */
  start(root: unknown): void {
    put(this.top.target, ROOT, root);
    this.nodes.attach(root, this.top, ROOT);
  }

  /** Writes a member, or an item up to the length. */
  set(node: Node, key: Key, value: unknown): void {
    this.settle();
    const target = writable(this, node);
    if (Array.isArray(target)) return this.#setItem(node, target, Number(key), value);
    const old = hasOwn(target, key) ? read(target, key) : ABSENT;
    if (old === value) return;
    this.#keepMember(node, key as string, old);
    this.nodes.release(old, node);
    put(target, key, value);
    if (old === ABSENT) this.counts.add(target, 1);
    this.nodes.attach(value, node, key);
    this.#overwrote(node, key, old);
  }

  /** Removes a member. */
  remove(node: Node, key: Key): void {
    this.settle();
    const target = writable(this, node) as Record<string, unknown>;
    if (!hasOwn(target, key)) return;
    const old = target[key];
    this.#keepMember(node, key as string, old);
    this.nodes.release(old, node);
    delete target[key];
    this.counts.add(target, -1);
    this.#overwrote(node, key, old);
  }

  /** Takes out `count` items from `start` on, and puts `items` there. */
  splice(node: Node, start: number, count: number, items: readonly unknown[]): unknown[] {
    this.settle();
    const target = writable(this, node) as unknown[];
    if (count === 0 && items.length === 0) return [];
    this.#arrayBefore(node, target).splice(target, start, count, items.length);
    const removed = spliceIn(target, start, count, items);
    for (const item of removed) this.nodes.release(item, node);
    items.forEach((item, index) => this.nodes.attach(item, node, start + index));
    this.#wrote(node, () => this.splice(node, start, items.length, this.nodes.presentItems(removed)));
    return removed;
  }

  /** Gives an array the same or other items in a new order. */
  arrange(node: Node, items: readonly unknown[]): void {
    this.settle();
    const target = writable(this, node) as unknown[];
    const old = target.slice();
    this.#arrayBefore(node, target).arrange(target);
    for (const item of old) this.nodes.release(item, node);
    target.length = 0;
    for (const item of items) target.push(item);
    items.forEach((item, index) => this.nodes.attach(item, node, index));
    this.#wrote(node, () => this.arrange(node, this.nodes.presentItems(old)));
  }

  /** Swaps two items of an array. */
  exchange(node: Node, left: number, right: number): void {
    const target = writable(this, node) as unknown[];
    const before = this.#arrayBefore(node, target);
    for (const index of [left, right]) before.splice(target, index, 1, 1);
    [target[left], target[right]] = [target[right], target[left]];
    if (this.#journal) this.#journal = new Exchange(this.#journal, this, node, left, right);
    this.#wrote(node);
  }

  /** Takes the assignment of `item` to another index of its list for the first half of a {@link Swap}, if it may be one. */
  beginSwap(node: Node, key: Key, item: Node, assign: () => void): boolean {
    const isItem = item.parent === node && Array.isArray(node.target) && hasOwn(node.target, key);
    if (!this.#journal || !isItem) return false;
    this.#swap = new Swap(node, Number(key), item.target, assign);
    return true;
  }

  /** Completes a pending swap if assigning `value` under `key` of `node` is its second half; returns whether it was. */
  completeSwap(node: Node, key: Key, value: unknown): boolean {
    const swap = this.#swap;
    const from = Number(key);
    if (!swap?.matches(node, from, value)) return false;
    this.#cancelSwap();
    this.exchange(node, swap.to, from);
    return true;
  }

  /** Whether a pending swap shows `value` in two places. */
  isSwapping(value: unknown): boolean {
    return this.#swap !== undefined && this.#swap.item === value;
  }

  /** Turns a pending swap without a second half into an assignment. */
  settle(): void {
    const swap = this.#swap;
    if (!swap) return;
    this.#cancelSwap();
    swap.assign();
  }

  /** Detaches `value`, which is about to be overwritten, so that its members may move into its successor. */
  release(node: Node, key: Key, value: unknown): void {
    this.nodes.release(value, node);
    this.note(() => this.nodes.attach(this.nodes.present(value), node, key));
  }

  /** Keeps what undoes a change of links, together with the writes around it. */
  note(undo: () => void): void {
    if (this.#journal) this.#journal = { earlier: this.#journal, run: undo };
  }

  /** Runs `action`; if it throws, everything that it wrote is undone. Attempts nest. */
  attempt<R>(action: () => R): R {
    this.settle(); // for the attempt around this one, which may go on if this one throws
    const outer = this.#journal;
    const { dirty, windows } = this;
    const mark = (this.#journal ??= START);
    try {
      const result = action();
      this.settle();
      return result;
    } catch (error) {
      this.#undo(mark);
      if (!dirty && !outer && windows === this.windows) this.#forget(); // equal to the start of the window
      throw error;
    } finally {
      if (!outer) {
        this.#journal = undefined;
        this.#announce();
      }
    }
  }

  /** Runs `action` in a window of its own, returns the result of `look`, and always undoes the writes. */
  rehearse<R>(action: () => void, look: () => R): R {
    this.settle();
    const outer = this.#journal;
    const window = new SuspendedWindow(this);
    this.#journal = START;
    try {
      action();
      this.settle();
      return look();
    } finally {
      this.#undo(START);
      this.#journal = outer;
      window.resume();
      if (!outer && !this.dirty) this.nodes.trim();
    }
  }

  /** Ends the window: the current content becomes the content before the next one. */
  close(): void {
    if (!this.#journal) this.nodes.trim();
    this.#forget();
  }

  #forget(): void {
    forget(this);
    this.windows++;
    this.#announced = false;
  }

  #announce(): void {
    if (!this.dirty || this.#announced) return;
    this.#announced = true;
    this.#listener?.onChange();
  }

  #undo(mark: Undo): void {
    this.nodes.distrust();
    this.#cancelSwap();
    for (let at: Undo | undefined = this.#journal; at && at !== mark; at = at.earlier) at.run();
    this.#journal = mark; // without what undoing wrote
  }

  #cancelSwap(): void {
    this.#swap?.cancel(this);
    this.#swap = undefined;
  }

  #overwrote(node: Node, key: Key, old: unknown): void {
    if (this.#journal) this.#journal = new Restore(this.#journal, this, node, key, old);
    this.#wrote(node);
  }

  #wrote(node: Node, undo?: () => void): void {
    node.written = ++this.writes;
    this.dirty = true;
    if (undo) this.note(undo);
    if (!this.#journal) this.#announce();
  }

  #setItem(node: Node, target: unknown[], index: number, value: unknown): void {
    if (index >= target.length) return void this.splice(node, index, 0, [value]);
    const old = target[index];
    if (old === value) return;
    this.#arrayBefore(node, target).splice(target, index, 1, 1);
    this.nodes.release(old, node);
    target[index] = value;
    this.nodes.attach(value, node, index);
    this.#overwrote(node, index, old);
  }

  #keepMember(node: Node, key: string, old: unknown): void {
    if (node.before) return (node.before as ObjectBefore).keep(key, old);
    node.before = new ObjectBefore([key], [old]);
    this.#touch(node);
  }

  #arrayBefore(node: Node, target: unknown[]): ArrayBefore {
    if (!node.before) {
      node.before = new ArrayBefore(target.length);
      this.#touch(node);
    }
    return node.before as ArrayBefore;
  }

  #touch(node: Node): void {
    this.onTouch?.(node);
    if (this.touched.length === 0) this.touched = [node];
    else this.touched.push(node);
  }
}
