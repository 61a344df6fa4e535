/** A time in which a node waits for the answers of the others. It begins again after it has ended. */
export class Round {
  #ended: Promise<void> | undefined;
  #resolve: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Resolves when the round ends; undefined if there is none now. */
  get ended(): Promise<void> | undefined {
    return this.#ended;
  }

  /** Begins a round, or changes the end of the present one. */
  endIn(ms: number): void {
    this.#ended ??= new Promise((resolve) => (this.#resolve = resolve));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(), ms).unref();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#ended = undefined;
    this.#resolve();
  }
}
