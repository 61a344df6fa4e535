import type { Opened } from '../topics/source.js';

/** One client that waits for an answer of a row. */
interface Asker {
  /** Only the answer of a fetch with a higher number will do. */
  readonly after: number;
  readonly resolve: (opened: Opened) => void;
}

/** The clients that wait for the answers of a row's fetches, which are numbered in the order of their beginning. Rows have one while clients wait. */
export class Askers {
  #waiting: Asker[] = [];

  /** Resolves with the answer of the first fetch after `after` that ends. */
  wait(after: number): Promise<Opened> {
    return new Promise((resolve) => this.#waiting.push({ after, resolve }));
  }

  /** A fetch has ended: answers the clients that waited for it. Returns how many still wait. */
  settle(number: number, answer: (after: number) => Opened): number {
    const due = this.#waiting.filter(({ after }) => after < number);
    this.#waiting = this.#waiting.filter(({ after }) => after >= number);
    for (const { after, resolve } of due) resolve(answer(after));
    return this.#waiting.length;
  }
}
