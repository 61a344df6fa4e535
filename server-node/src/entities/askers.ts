import type { Opened } from '../topics/source.js';

/** One client that waits for an answer of a row. */
interface Asker {
  /** The answer must be of a later fetch than this. */
  readonly after: number;
  readonly resolve: (opened: Opened) => void;
}

/** The clients that wait for the answers of a row's fetches, which are numbered in the order of their beginning. */
export class Askers {
  #waiting: Asker[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  /** Resolves with the answer of the first fetch after `after` that ends. */
  wait(after: number): Promise<Opened> {
    return new Promise((resolve) => this.#waiting.push({ after, resolve }));
  }

  /** A fetch has ended: answers the clients that waited for it. */
  settle(number: number, answer: (after: number) => Opened): void {
    const due = this.#waiting.filter(({ after }) => after < number);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ after }) => after >= number);
    for (const { after, resolve } of due) resolve(answer(after));
  }
}
