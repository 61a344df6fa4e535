/** Waits for the answers of callbacks, each for a limited time. */
export class Deadlines {
  readonly #ms: number;
  readonly #pending = new Set<(error: Error) => void>();

  /** @param ms how long to wait for an answer by default */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /**
   * Settles as `answer` does, or rejects with the error of `late` after `ms`.
   *
   * @param onGone registers a callback for the end of the last wait, and returns the function that removes it
   */
  limit<T>(
    answer: PromiseLike<T>,
    late: () => Error,
    ms: number = this.#ms,
    onGone: (callback: () => void) => () => void = () => () => undefined,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(late())), ms).unref();
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        stop();
        this.#pending.delete(end);
        how();
      };
      const end = (error: Error): void => settle(() => reject(error));
      const stop = onGone(() => settle(() => reject(new Error('velox: the client is gone.'))));
      this.#pending.add(end);
      Promise.resolve(answer).then(
        (value) => settle(() => resolve(value)),
        (error: Error) => settle(() => reject(error)),
      );
    });
  }

  /** Rejects everything that is waited for. */
  end(error: Error): void {
    for (const end of [...this.#pending]) end(error);
  }
}

/** Waits until a promise settles, but at most `ms`. */
export async function waitAtMost(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([promise, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
