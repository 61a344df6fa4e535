/**
 * A token bucket: lets so many through in each second, and twice as many at once, so that what has waited for a link may leave
 * together.
 */
export class Rate {
  readonly #perSecond: number;
  #left: number;
  #at = performance.now();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = this.#burst;
  }

  /** Lets one through; false: there were too many. */
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
