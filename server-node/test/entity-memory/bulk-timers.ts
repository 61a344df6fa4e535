import { setImmediate as turn } from 'node:timers/promises';

interface Timer {
  at: number;
  readonly run: () => void;
  readonly every: number | undefined;
  readonly unref: () => Timer;
}

/** Timers that run when the program says so, all that are due in one turn: 200,000 of them take no time. */
export class BulkTimers {
  #now = 0;
  readonly #timers = new Set<Timer>();

  /** Replaces the global timers. */
  install(): void {
    const set = (run: () => void, ms = 0, every?: number): Timer => {
      const timer: Timer = { at: this.#now + ms, run, every, unref: () => timer };
      this.#timers.add(timer);
      return timer;
    };
    const clear = (timer: Timer): void => void this.#timers.delete(timer);
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms?: number) => set(run, ms),
      setInterval: (run: () => void, ms?: number) => set(run, ms, ms),
      clearTimeout: clear,
      clearInterval: clear,
    });
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Lets ms pass, and everything happen that is due. */
  async pass(ms: number): Promise<void> {
    await this.#settle();
    this.#now += ms;
    for (const timer of this.#timers) {
      if (timer.at > this.#now) continue;
      if (timer.every === undefined) this.#timers.delete(timer);
      else timer.at = this.#now + timer.every;
      timer.run();
    }
    await this.#settle();
  }

  async #settle(): Promise<void> {
    for (let count = 0; count < 5; count++) await turn();
  }
}
