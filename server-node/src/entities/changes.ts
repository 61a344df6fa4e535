/** More topics than this are not remembered: then all that a fetch read along earlier is taken to be outdated. */
const MOST_TOPICS = 10_000;

/**
 * The order of fetches and changes over all entities of a hub. A fetch may bring rows of other topics along; this tells whether such a
 * row has changed since the fetch began. Nothing is remembered while no fetch is under way.
 */
export class Changes {
  #now = 0;
  #running = 0;
  readonly #byTopic = new Map<string, number>();
  /** Every topic may have changed up to this moment. */
  #floor = 0;

  /** Returns a moment that is later than all before. */
  next(): number {
    return ++this.#now;
  }

  /** A fetch begins. Returns its moment. */
  begin(): number {
    this.#running++;
    return this.next();
  }

  /** A fetch has ended, and its rows were processed. */
  end(): void {
    if (--this.#running === 0) this.#byTopic.clear();
  }

  /** A topic was notified, or its row was put. Returns the moment. */
  note(topic: string): number {
    const now = this.next();
    if (this.#running === 0) return now;
    if (this.#byTopic.size >= MOST_TOPICS) {
      this.#byTopic.clear();
      this.#floor = now;
    }
    this.#byTopic.set(topic, now);
    return now;
  }

  /** Whether a topic may have changed since `moment`, the beginning of a fetch that is still under way. */
  hasChangedSince(topic: string, moment: number): boolean {
    return moment <= this.#floor || (this.#byTopic.get(topic) ?? 0) > moment;
  }
}
