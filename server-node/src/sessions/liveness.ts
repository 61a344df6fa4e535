/** Whether the loss of a client is to be noticed soon, and whether its silence means that it is lost. */
export class Liveness {
  #hasAnswered = false;
  #watchers = 0;
  #heardAt = performance.now();
  #onHeard: Set<() => void> | undefined;

  /** Whether the client acknowledges: only then its silence means something. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Whether a watcher needs to notice the loss soon. */
  get isWatched(): boolean {
    return this.#watchers > 0;
  }

  /** When the client was heard last, in ms of `performance.now`. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Notes a sign of life. */
  heard(): void {
    this.#heardAt = performance.now();
    if (this.#onHeard) for (const resolve of this.#onHeard) resolve();
  }

  /** Notes an acknowledgement. */
  answered(): void {
    this.#hasAnswered = true;
  }

  /** Resolves with true at the next sign of life, or with false after `ms`. */
  async whenHeard(ms: number): Promise<boolean> {
    const waiting = (this.#onHeard ??= new Set());
    let timer: NodeJS.Timeout | undefined;
    let resolve: () => void = () => undefined;
    const isHeard = await new Promise<boolean>((settle) => {
      resolve = () => settle(true);
      waiting.add(resolve);
      timer = setTimeout(() => settle(false), ms).unref();
    });
    clearTimeout(timer);
    waiting.delete(resolve);
    return isHeard;
  }

  /**
   * Asks the client for a sign of life with each heartbeat until the returned function is called. Used by everything that shows one client
   * to others: names, rooms, presence.
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
