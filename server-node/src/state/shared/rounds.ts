/** Runs an action, one run at a time. Callers during a run share the next one, so each gets a run that began after its call. */
export class Rounds {
  readonly #action: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(action: () => Promise<void>) {
    this.#action = action;
  }

  /** Resolves or rejects as the run does. */
  run(): Promise<void> {
    if (this.#next) return this.#next;
    if (!this.#running) return this.#start();
    const start = (): Promise<void> => this.#start();
    return (this.#next = this.#running.then(start, start));
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#action().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return (this.#running = running);
  }
}
