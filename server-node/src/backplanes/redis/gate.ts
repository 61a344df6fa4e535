import { VeloxError } from '@velox/core/protocol';

/** How long a command waits for the connection, in ms. */
const PATIENCE_MS = 2_000;

/**
 * Keeps commands away from a client that has no connection. The client would keep all of them without a limit, and send them when Redis is
 * back: messages of minutes ago, and questions whose callers have given up.
 */
export class Gate {
  readonly #isAway: () => boolean;
  /** Functions that send the waiting commands, in the order of their calls. A promise for all of them would keep those that timed out. */
  readonly #waiting = new Set<() => void>();
  /** The last error of the client since it was connected. */
  #cause: unknown;

  /** @param isAway whether the client has no connection, and will have one */
  constructor(isAway: () => boolean) {
    this.#isAway = isAway;
  }

  /** The client is connected, or has given up: then it rejects the waiting commands itself. */
  readonly open = (): void => {
    if (this.#isAway()) return;
    this.#cause = undefined;
    // Without a pause in between, in which a new command could overtake them.
    for (const send of this.#waiting) {
      this.#waiting.delete(send);
      send();
    }
  };

  /** The client has met an error. Commands that time out have it as their cause. */
  readonly failed = (error: unknown): void => {
    this.#cause = error;
    this.open();
  };

  /**
   * Calls `send` as soon as the client is connected.
   *
   * @param patience for how long it may wait, in ms
   * @throws VeloxError `timeout`: nothing was sent
   */
  pass<T>(send: () => Promise<T>, patience: number = PATIENCE_MS): Promise<T> {
    if (!this.#isAway()) {
      if (this.#waiting.size > 0) this.open();
      return send();
    }
    return new Promise<T>((resolve, reject) => {
      const late = (): void => {
        this.#waiting.delete(sendNow);
        reject(this.#late(patience));
      };
      const timer = patience === Infinity ? undefined : setTimeout(late, patience).unref();
      const sendNow = (): void => {
        clearTimeout(timer);
        resolve(new Promise((sent) => sent(send()))); // rejects if the client throws
      };
      this.#waiting.add(sendNow);
    });
  }

  #late(patience: number): VeloxError {
    const text = `there has been no connection to Redis for ${patience} ms. Check that it runs and can be reached.`;
    return new VeloxError('timeout', text, this.#cause === undefined ? undefined : { cause: this.#cause });
  }
}
