/** What an object was before this window: the old value of each key that was written since. */
export type ObjectBefore = Map<string, unknown>;

/** Stands for "no such key" in an {@link ObjectBefore}. */
export const ABSENT: unique symbol = Symbol('absent');

/**
 * What an array was before this window, kept so that writing an index, push and pop cost no more than themselves. Each method
 * is called before the write that it is named after.
 */
export class ArrayBefore {
  /** How many leading items still stand where they stood; those that were overwritten are in `written`. */
  kept: number;
  readonly written: Map<number, unknown> = new Map();
  /** The old items from `kept` on, last first. */
  readonly #tail: unknown[] = [];
  /** All old items, once a change elsewhere than at the end has shifted them. */
  #all: unknown[] | undefined;

  constructor(length: number) {
    this.kept = length;
  }

  /** Whether items may have shifted, so that `kept` and `written` say nothing any more. */
  get shifted(): boolean {
    return this.#all !== undefined;
  }

  write(target: readonly unknown[], index: number): void {
    if (this.#all || index >= this.kept || this.written.has(index)) return;
    this.written.set(index, target[index]);
  }

  truncate(target: readonly unknown[], length: number): void {
    if (this.#all) return;
    while (this.kept > length) {
      const index = --this.kept;
      this.#tail.push(this.written.has(index) ? this.written.get(index) : target[index]);
      this.written.delete(index);
    }
  }

  shift(target: readonly unknown[]): void {
    this.#all ??= this.items(target);
  }

  /** The old items from `kept` on. */
  tail(): unknown[] {
    return this.#tail.toReversed();
  }

  /** All old items. The array belongs to this object, if items have shifted. */
  items(target: readonly unknown[]): unknown[] {
    if (this.#all) return this.#all;
    const items = target.slice(0, this.kept);
    for (const [index, old] of this.written) items[index] = old;
    return items.concat(this.tail());
  }
}
