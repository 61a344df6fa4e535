import { Facade } from '../recording/drafts/facade.js';

/**
 * A list that publishes itself: put it into a value that is published (`velox.live`, `velox.state`, `velox.handle`), and every
 * write reaches the clients, for whom it is a plain array.
 *
 * @example
 * const chat = velox.live({ lines: new VSlice<string>() })
 * chat.lines.append('hello')
 */
export class VSlice<V> extends Facade<V[]> {
  constructor(items: Iterable<V> = []) {
    super([...items]);
  }

  /** Iterates over the items. */
  [Symbol.iterator](): IterableIterator<V> {
    return this.content.values();
  }

  /** Replaces all items. */
  set(items: Iterable<V>): void {
    const next = [...items]; // which may be drawn from this very list
    this.batch((content) => {
      content.length = 0;
      for (const item of next) content.push(item);
    });
  }

  append(...items: V[]): void {
    this.content.push(...items);
  }

  /** False when there is no such index. */
  setAt(index: number, value: V): boolean {
    if (!has(this.content, index)) return false;
    this.content[index] = value;
    return true;
  }

  /** False when there is no such index. */
  deleteAt(index: number): boolean {
    return has(this.content, index) && this.content.splice(index, 1).length > 0;
  }

  /**
   * Changes an item in place, or replaces it by the value that `change` returns if it wrote nothing. An object or array is never replaced
   * by a primitive, so `(row) => row.n++` is fine.
   *
   * @returns false if there is no such index.
   */
  update(index: number, change: (item: V) => V | void): boolean {
    if (!has(this.content, index)) return false;
    this.revise(index, change);
    return true;
  }

  clear(): void {
    this.content.length = 0;
  }

  /** A plain, shallow copy. */
  get(): V[] {
    return [...this.content];
  }

  at(index: number): V | undefined {
    return has(this.content, index) ? this.content[index] : undefined;
  }

  len(): number {
    return this.content.length;
  }

  /** Calls `visit` for each item until it returns false. */
  range(visit: (index: number, item: V) => boolean | void): void {
    for (const [index, item] of this.content.entries()) if (visit(index, item) === false) return;
  }
}

function has(items: readonly unknown[], index: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < items.length;
}
