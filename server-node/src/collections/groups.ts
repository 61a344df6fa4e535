import { ByKey, type OneOrMany } from './one-or-many.js';

/** Values in groups, each with a key that is unique in its group. Most groups have one value. */
export class Groups<G, K, V extends object> {
  readonly #byKey: ByKey<K, V>;
  readonly #groups = new Map<G, V | Map<K, V>>();

  constructor(keyOf: (value: V) => K) {
    this.#byKey = new ByKey(keyOf);
  }

  /** How many groups have values. */
  get size(): number {
    return this.#groups.size;
  }

  /** The names of the groups that have values. */
  get names(): Iterable<G> {
    return this.#groups.keys();
  }

  get(group: G, key: K): V | undefined {
    return this.#byKey.get(this.#groups.get(group), key);
  }

  has(group: G): boolean {
    return this.#groups.has(group);
  }

  /** The values of a group. */
  of(group: G): Iterable<V> {
    return this.#byKey.values(this.#groups.get(group));
  }

  /** The values of all groups. */
  *values(): Generator<V> {
    for (const all of this.#groups.values()) yield* this.#byKey.values(all);
  }

  /** Adds a value, in place of a former one with its key. */
  add(group: G, value: V): void {
    const all: OneOrMany<K, V> = this.#groups.get(group);
    const next = this.#byKey.with(all, value);
    if (next !== all) this.#groups.set(group, next);
  }

  /** Removes the value with a key. Returns whether there was one. */
  delete(group: G, key: K): boolean {
    const all: OneOrMany<K, V> = this.#groups.get(group);
    if (!this.#byKey.get(all, key)) return false;
    const left = this.#byKey.without(all, key);
    if (left === undefined) this.#groups.delete(group);
    else if (left !== all) this.#groups.set(group, left);
    return true;
  }
}
