import type { VirtualTime } from '../../src/testing/virtual-time.js';

interface Waiting {
  readonly until: number;
  readonly resume: () => void;
}

/** Lets tasks run beside one another on virtual time, which passes only while all of them wait. */
export class SharedWait {
  readonly #time: VirtualTime;
  #running = 0;
  #waiting: Waiting[] = [];

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Runs tasks until all have ended. */
  async run(tasks: readonly (() => void | Promise<void>)[]): Promise<void> {
    this.#running = tasks.length;
    await Promise.all(
      tasks.map(async (task) => {
        await task();
        await this.#stop();
      }),
    );
  }

  /** Waits `ms` in a task. */
  async wait(ms: number): Promise<void> {
    const ended = new Promise<void>((resume) => this.#waiting.push({ until: this.#time.now + ms, resume }));
    await this.#stop();
    await ended;
  }

  /** Lets everything happen, and `ms` pass. */
  async pass(ms: number): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await this.#time.settle();
    await this.#time.advance(ms);
  }

  /** One task runs no more; the last one lets time pass until the first of those that wait. */
  async #stop(): Promise<void> {
    if (--this.#running > 0 || this.#waiting.length === 0) return;
    const until = Math.min(...this.#waiting.map((each) => each.until));
    await this.pass(until - this.#time.now);
    const due = this.#waiting.filter((each) => each.until <= until);
    this.#waiting = this.#waiting.filter((each) => each.until > until);
    this.#running = due.length;
    for (const { resume } of due) resume();
  }
}
