/** How far ahead the clock of another node may be, in ms: more is a broken message. */
const MOST_AHEAD_MS = 3_600_000;

/** A clock that the nodes of a cluster share, within the time that a message takes: each follows the fastest one. */
export class ClusterClock {
  readonly #start = Date.now() - performance.now();
  #ahead = 0;

  /** The time in ms since 1970. It never goes back. */
  now(): number {
    return this.#start + performance.now() + this.#ahead;
  }

  /** Another node says which time it is. */
  hear(at: unknown): void {
    const ahead = Number(at) - this.now();
    if (ahead > 0 && ahead < MOST_AHEAD_MS) this.#ahead += ahead;
  }
}
