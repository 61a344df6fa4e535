import { put } from '../copy.js';
import { Run, type Lists } from './run.js';

/** Stands for "no such key" in an {@link ObjectBefore}. */
export const ABSENT: unique symbol = Symbol('absent');

/** With more keys than this, a map finds one faster than a look at each. */
const FEW_KEYS = 8;

/** The content of an object before this window: the old value of each key that was written since. */
export class ObjectBefore {
  readonly keys: string[];
  readonly values: unknown[];
  #indexes: Map<string, number> | undefined;

  constructor(keys: string[] = [], values: unknown[] = []) {
    this.keys = keys;
    this.values = values;
  }

  /** Keeps the value that a key had, unless it was written before. */
  keep(key: string, value: unknown): void {
    if (this.has(key)) return;
    this.#indexes?.set(key, this.keys.length);
    this.keys.push(key);
    this.values.push(value);
    if (this.keys.length > FEW_KEYS) this.#indexes ??= new Map(this.keys.map((name, index) => [name, index]));
  }

  has(key: string): boolean {
    return this.#indexes ? this.#indexes.has(key) : this.keys.includes(key);
  }

  /** Replaces an old value by its copy. */
  rename(value: object, copy: object): void {
    const index = this.values.indexOf(value);
    if (index >= 0) this.values[index] = copy;
  }

  /** The old value of one member, undefined if there was none. */
  member(target: Readonly<Record<string, unknown>>, key: string): unknown {
    if (!this.has(key)) return Object.hasOwn(target, key) ? target[key] : undefined;
    const value = this.values[this.#indexes?.get(key) ?? this.keys.indexOf(key)];
    return value === ABSENT ? undefined : value;
  }

  /** All old members of the object. */
  members(target: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    for (const key of Object.keys(target)) if (!this.has(key)) put(members, key, target[key]);
    this.keys.forEach((key, index) => {
      if (this.values[index] !== ABSENT) put(members, key, this.values[index]);
    });
    return members;
  }
}

/** Items that stand side by side now: old ones, the first of which had the index `from`, or new ones (`from` is -1). */
interface Piece {
  readonly from: number;
  readonly length: number;
}

/** More pieces than this, and one copy of the old items is cheaper. */
const MOST_PIECES = 64;

/**
 * The content of an array before this window. It is a piece table, so the cost of a write or splice depends only
 * on its own size. Its methods are called before the write that they are named after.
 */
export class ArrayBefore {
  readonly #length: number;
  #pieces: readonly Piece[];
  /** Old items that are gone, in runs. */
  readonly #gone: { readonly from: number; readonly items: unknown[] }[] = [];
  /** All old items, when the pieces are given up. */
  #all: unknown[] | undefined;

  constructor(length: number) {
    this.#length = length;
    this.#pieces = [{ from: 0, length }];
  }

  /** How many items there were. */
  get length(): number {
    return this.#all?.length ?? this.#length;
  }

  splice(target: readonly unknown[], start: number, count: number, inserted: number): void {
    if (this.#all) return;
    if (this.#pieces.length > MOST_PIECES) return void this.arrange(target);
    const end = start + count;
    const before: Piece[] = [];
    const after: Piece[] = [];
    let fresh = inserted;
    let at = 0;
    for (const { from, length } of this.#pieces) {
      const left = Math.min(Math.max(start - at, 0), length);
      const right = Math.min(Math.max(at + length - end, 0), length);
      const isFresh = from < 0;
      if (isFresh && at <= end && at + length >= start) {
        fresh += left + right; // new ones side by side are one piece
      } else {
        const rest = length - right;
        if (left > 0) before.push({ from, length: left });
        if (right > 0) after.push({ from: isFresh ? -1 : from + rest, length: right });
        if (rest > left) this.#gone.push({ from: from + left, items: target.slice(at + left, at + rest) });
      }
      at += length;
    }
    if (fresh > 0) before.push({ from: -1, length: fresh });
    this.#pieces = before.concat(after);
  }

  /** Gives the pieces up, before any other change of the order. The old items that it returns stay in use. */
  arrange(target: readonly unknown[]): unknown[] {
    return (this.#all ??= this.#assemble(target));
  }

  /** Replaces an old item by its copy. */
  rename(item: object, copy: object): void {
    for (const items of [this.#all, ...this.#gone.map((run) => run.items)]) {
      const index = items?.indexOf(item) ?? -1;
      if (items && index >= 0) items[index] = copy;
    }
  }

  /** All old items. */
  items(target: readonly unknown[]): readonly unknown[] {
    return this.#all ?? this.#assemble(target);
  }

  /** The old list and the new one, with runs of items that just kept their order as one; undefined when that is not known. */
  compare(target: readonly unknown[]): Lists | undefined {
    if (this.#all) return undefined;
    const now: unknown[] = [];
    const olds = this.#gone.slice();
    let at = 0;
    for (const { from, length } of this.#pieces) {
      if (from < 0) for (let index = at; index < at + length; index++) now.push(target[index]);
      else {
        const run = new Run(length);
        now.push(run);
        olds.push({ from, items: [run] });
      }
      at += length;
    }
    olds.sort((left, right) => left.from - right.from);
    return { before: olds.flatMap(({ items }) => items), now };
  }

  #assemble(target: readonly unknown[]): unknown[] {
    const items = new Array<unknown>(this.#length);
    let at = 0;
    for (const { from, length } of this.#pieces) {
      if (from >= 0) for (let index = 0; index < length; index++) items[from + index] = target[at + index];
      at += length;
    }
    for (const run of this.#gone) run.items.forEach((item, index) => (items[run.from + index] = item));
    return items;
  }
}
