/** How long the client of a cluster may take to subscribe again once it is connected, in ms. */
const SUBSCRIBE_MS = 1_000;

/**
 * The doubt of a client of a cluster. It subscribes again by itself, and says only that connections were made. So the doubt comes somewhat
 * later, and once for connections that follow each other.
 */
export class ClusterDoubt {
  readonly #onDoubt: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onDoubt: () => void) {
    this.#onDoubt = onDoubt;
  }

  readonly soon = (): void => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onDoubt, SUBSCRIBE_MS).unref();
  };

  stop(): void {
    clearTimeout(this.#timer);
  }
}
