import { Facade } from '../recording/drafts/facade.js';

/**
 * A map that publishes itself: put it into a value that is published (`velox.live`, `velox.state`, `velox.handle`), and every
 * write reaches the clients, for whom it is a plain object.
 *
 * @example
 * const chat = velox.live({ users: new VMap<User>() })
 * chat.users.set('ann', { name: 'Ann' })
 */
export class VMap<V> extends Facade<Record<string, V>> {
  /** @param entries the members of an object, or pairs of key and value as a Map has them. */
  constructor(entries: Readonly<Record<string, V>> | Iterable<readonly [string, V]> = {}) {
    const members = isIterable(entries) ? Object.fromEntries(entries) : entries;
    super(Object.assign(Object.create(null) as Record<string, V>, members));
  }

  /** Iterates over pairs of key and value, like a Map. */
  [Symbol.iterator](): IterableIterator<[string, V]> {
    return Object.entries(this.content).values();
  }

  set(key: string, value: V): void {
    this.content[key] = value;
  }

  /** Whether there was such a key. */
  delete(key: string): boolean {
    return this.has(key) && delete this.content[key];
  }

  /**
   * Changes the value of a key in place, or replaces it by the value that `change` returns if it wrote nothing. An object or array is
   * never replaced by a primitive, so `(user) => user.n++` is fine.
   *
   * @returns false if there is no such key.
   */
  update(key: string, change: (value: V) => V | void): boolean {
    if (!this.has(key)) return false;
    this.revise(key, change);
    return true;
  }

  clear(): void {
    this.batch((content) => {
      for (const key of Object.keys(content)) delete content[key];
    });
  }

  get(key: string): V | undefined {
    return this.has(key) ? this.content[key] : undefined;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.content, key);
  }

  len(): number {
    return Object.keys(this.content).length;
  }

  keys(): string[] {
    return Object.keys(this.content);
  }

  values(): V[] {
    return Object.values(this.content);
  }

  /** A plain, shallow copy. */
  snapshot(): Record<string, V> {
    return { ...this.content };
  }

  /** Calls `visit` for each entry until it returns false. */
  range(visit: (key: string, value: V) => boolean | void): void {
    for (const [key, value] of Object.entries(this.content)) if (visit(key, value) === false) return;
  }
}

function isIterable<V>(
  entries: Readonly<Record<string, V>> | Iterable<readonly [string, V]>,
): entries is Iterable<readonly [string, V]> {
  return typeof (entries as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function';
}
