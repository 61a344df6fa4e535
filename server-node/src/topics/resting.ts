/** Caches are released after one to two of these periods without use, in ms. */
const PERIOD_MS = 5_000;

/** Something with caches. */
export interface Restable {
  /** Releases its caches if they were not used since the last call. Returns whether it need not be called again. */
  rest(): boolean;
}

/** Lets objects release their caches a few seconds after their last use. A hub may have 10,000 topics, most of them idle. */
export class Resting {
  readonly #awake = new Set<Restable>();
  #timer: NodeJS.Timeout | undefined;

  /** Something has caches from now on. */
  add(restable: Restable): void {
    this.#awake.add(restable);
    this.#timer ??= setTimeout(() => this.#pass(), PERIOD_MS).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#awake.clear();
  }

  #pass(): void {
    this.#timer = undefined;
    for (const restable of this.#awake) if (restable.rest()) this.#awake.delete(restable);
    if (this.#awake.size > 0) this.#timer = setTimeout(() => this.#pass(), PERIOD_MS).unref();
  }
}
