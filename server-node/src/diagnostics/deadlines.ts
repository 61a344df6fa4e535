/** Answers of callbacks that are waited for, each for a limited time. */
export class Deadlines {
  readonly #ms: number;
  readonly #pending = new Set<(error: Error) => void>();

  /** @param ms how long each answer is waited for */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Settles as `answer` does, or rejects with the error of `late` once the time is over. */
  limit<T>(answer: PromiseLike<T>, late: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(late())), this.#ms).unref();
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        this.#pending.delete(reject);
        how();
      };
      this.#pending.add(reject);
      Promise.resolve(answer).then(
        (value) => settle(() => resolve(value)),
        (error: Error) => settle(() => reject(error)),
      );
    });
  }

  /** Rejects everything that is waited for. */
  end(error: Error): void {
    for (const reject of this.#pending) reject(error);
    this.#pending.clear();
  }
}
