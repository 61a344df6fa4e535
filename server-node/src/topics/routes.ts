import type { Source } from './source.js';

/** Which source provides which topic: by its name, or else by the longest prefix of it. */
export class Routes {
  readonly #byTopic = new Map<string, Source>();
  /** By prefix, which ends with a slash. */
  readonly #byPrefix = new Map<string, Source>();

  /** How many topics have a source of their own. */
  get size(): number {
    return this.#byTopic.size;
  }

  /** Sets the source of one topic, in place of a former one. */
  set(topic: string, source: Source): void {
    this.#byTopic.set(topic, source);
  }

  /** Sets the source of all topics with a prefix: `items/` covers `items/7` and `items/7/notes`. */
  setPrefix(prefix: `${string}/`, source: Source): void {
    this.#byPrefix.set(prefix, source);
  }

  /** Removes the source of one topic. Returns whether it had one. */
  delete(topic: string): boolean {
    return this.#byTopic.delete(topic);
  }

  find(topic: string): Source | undefined {
    const source = this.#byTopic.get(topic);
    if (source || this.#byPrefix.size === 0) return source;
    for (let end = topic.lastIndexOf('/'); end >= 0; end = end > 0 ? topic.lastIndexOf('/', end - 1) : -1) {
      const found = this.#byPrefix.get(topic.slice(0, end + 1));
      if (found) return found;
    }
    return undefined;
  }

  clear(): void {
    this.#byTopic.clear();
    this.#byPrefix.clear();
  }
}
