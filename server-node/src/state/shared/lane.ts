/** Lets one action run at a time, in the order of the calls. */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as the action does. */
  run<R>(action: () => Promise<R>): Promise<R> {
    const result = this.#last.then(action);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
