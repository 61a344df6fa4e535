/** Whether the loss of a client is to be noticed soon, and whether its silence means that it is lost. */
export class Liveness {
  #hasAnswered = false;
  #watchers = 0;

  /** Whether the client acknowledges: only then its silence means something. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Whether a watcher needs to notice the loss soon. */
  get isWatched(): boolean {
    return this.#watchers > 0;
  }

  /** Notes an acknowledgement. */
  answered(): void {
    this.#hasAnswered = true;
  }

  /**
   * Asks the client for a sign of life with each heartbeat until the returned function is called. For everything that shows others who
   * is there: names, rooms, presence.
   */
  watch(): () => void {
    this.#watchers++;
    let isWatching = true;
    return () => {
      if (isWatching) this.#watchers--;
      isWatching = false;
    };
  }
}
