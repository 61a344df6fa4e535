/** A token bucket: refills at a rate per second, and holds two seconds' worth, so that a client may send its backlog together. */
export class RateLimit {
  readonly #perSecond: number;
  #left: number;
  #at = performance.now();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = this.#burst;
  }

  /** Takes a token. False: there is none. */
  take(): boolean {
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) / 1_000) * this.#perSecond);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  get #burst(): number {
    return 2 * this.#perSecond;
  }
}
