import { VeloxError } from '@velox/core/protocol';

/** How long a command waits for the connection, in ms. */
const PATIENCE_MS = 2_000;

/**
 * Keeps commands away from a client that has no connection. The client would keep all of them without a limit, and send them when Redis is
 * back: messages of minutes ago, and questions that nobody waits for any more.
 */
export class Gate {
  readonly #isAway: () => boolean;
  /** Resolves when the client is connected. Undefined if no command waits for that. */
  #connected: Promise<void> | undefined;
  #open: () => void = () => {};

  /** @param isAway whether the client has no connection, and will have one */
  constructor(isAway: () => boolean) {
    this.#isAway = isAway;
  }

  /** Commands that wait are sent now, in the order of their calls. */
  readonly open = (): void => this.#open();

  /**
   * Calls `send` as soon as the client is connected.
   *
   * @param patience for how long it may wait, in ms
   * @throws VeloxError `timeout`: nothing was sent
   */
  pass<T>(send: () => Promise<T>, patience: number = PATIENCE_MS): Promise<T> {
    if (!this.#connected) {
      if (!this.#isAway()) return send();
      this.#connected = new Promise<void>((resolve) => (this.#open = resolve)).then(() => {
        this.#connected = undefined;
      });
    }
    return inTime(this.#connected, patience).then(send);
  }
}

async function inTime(connected: Promise<void>, patience: number): Promise<void> {
  if (patience === Infinity) return connected;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `there has been no connection to Redis for ${patience} ms. Check that it runs and can be reached.`;
    timer = setTimeout(() => reject(new VeloxError('timeout', text)), patience).unref();
  });
  try {
    await Promise.race([connected, late]);
  } finally {
    clearTimeout(timer);
  }
}
