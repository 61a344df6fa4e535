/** The frames of one session's client on their way in: which of them were taken already. */
export class Inbox {
  #taken = 0;
  /** The number of the newest POST of this link. */
  #posts = 0;

  /** The newest numbered frame that was taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Begins a new link. Late POSTs of the former one are refused before they get here. */
  resume(): void {
    this.#posts = 0;
  }

  /** Whether a numbered frame is new; false for a repetition. */
  take(seq: number): boolean {
    if (seq <= this.#taken) return false;
    this.#taken = seq;
    return true;
  }

  /** Whether a POST of this link is new; false for a repetition. A POST without a number (NaN) counts as new. */
  takePost(number: number): boolean {
    if (number <= this.#posts) return false;
    this.#posts = number || this.#posts;
    return true;
  }
}
