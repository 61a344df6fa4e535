/** No value, one, or several by their keys. A Map takes 180 bytes even for one entry, and most topics have one of each thing. */
export type OneOrMany<K, V extends object> = V | Map<K, V> | undefined;

/** Reads and changes fields of the type {@link OneOrMany}. Values must not be Maps. Their keys must not change. */
export class ByKey<K, V extends object> {
  readonly #keyOf: (value: V) => K;

  constructor(keyOf: (value: V) => K) {
    this.#keyOf = keyOf;
  }

  get(all: OneOrMany<K, V>, key: K): V | undefined {
    if (all instanceof Map) return all.get(key);
    return all && this.#keyOf(all) === key ? all : undefined;
  }

  size(all: OneOrMany<K, V>): number {
    return all instanceof Map ? all.size : all ? 1 : 0;
  }

  /** The values in the order in which their keys were added. */
  values(all: OneOrMany<K, V>): Iterable<V> {
    return all instanceof Map ? all.values() : all ? [all] : [];
  }

  /** Adds a value, in place of a former one with its key. Returns the content of the field from now on. */
  with(all: OneOrMany<K, V>, value: V): V | Map<K, V> {
    const key = this.#keyOf(value);
    if (all instanceof Map) return all.set(key, value);
    if (!all || this.#keyOf(all) === key) return value;
    return new Map([
      [this.#keyOf(all), all],
      [key, value],
    ]);
  }

  /** Removes the value with a key. Returns the content of the field from now on. */
  without(all: OneOrMany<K, V>, key: K): OneOrMany<K, V> {
    if (!(all instanceof Map)) return all && this.#keyOf(all) === key ? undefined : all;
    all.delete(key);
    if (all.size > 1) return all;
    const [last] = all.values();
    return last;
  }
}
