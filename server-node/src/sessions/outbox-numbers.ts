/** The numbers of a session's events: the acknowledged ones and those left out. */
export class OutboxNumbers {
  /** The number before the first event that is kept. */
  base = 0;
  /** Whether the client can derive the number of the next event from the last one of this link. */
  isDerivable = false;
  /** The newest number that the client has acknowledged. Events from here to `base` were given up. */
  #acknowledged = 0;
  /** The numbers between the two that are counted as dropped already. */
  #holes: number[] = [];

  /** How many events were written and given up, and are not counted as dropped, because they may have arrived. */
  get uncounted(): number {
    return this.base - this.#acknowledged - this.#holes.length;
  }

  /** Goes on with the numbers of another node. */
  restore(base: number, acknowledged: number): void {
    this.base = base;
    this.#acknowledged = acknowledged;
  }

  /**
   * The client has all events up to a number.
   *
   * @param kept how many events with a number are kept
   * @returns how many of those the client has
   */
  acknowledge(seq: number, kept: number): number {
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(seq, this.base + kept));
    if (this.#holes.length > 0) this.#holes = this.#holes.filter((hole) => hole > this.#acknowledged);
    const count = Math.max(this.#acknowledged - this.base, 0);
    this.base += count;
    return count;
  }

  /** A link begins. Returns how many events were given up and have not arrived: the client would have acknowledged them. */
  resume(): number {
    const missing = this.uncounted;
    this.#acknowledged = this.base;
    this.#holes = [];
    this.isDerivable = false;
    return missing;
  }

  /** The first kept event is dropped, and counted as such. The next one carries its number. */
  leaveOut(): void {
    this.#holes.push(++this.base);
    this.isDerivable = false;
  }
}
