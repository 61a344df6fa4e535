/** What work costs, in tokens; a frame costs one. */
export const PRICES: Readonly<Record<'topic' | 'question' | 'kibibyte' | 'inflated' | 'fragment', number>> = {
  /** A topic that is subscribed or unsubscribed: 20 topics cost as much as a frame. */
  topic: 1 / 20,
  /** One call of `canSubscribe`. */
  question: 1 / 4,
  /** A KiB that was sent uncompressed. */
  kibibyte: 1 / 5,
  /** A KiB that was inflated. */
  inflated: 1 / 4,
  /** A frame of a WebSocket message, except the last: it may be empty. */
  fragment: 1 / 20,
};

/** Bytes of a message that cost nothing beside its frame. */
const FREE_BYTES = 1024;

/** The price of a WebSocket message for its bytes, in tokens. */
export function priceOf(bytes: number, isInflated: boolean): number {
  return (Math.max(0, bytes - FREE_BYTES) / 1024) * (isInflated ? PRICES.inflated : PRICES.kibibyte);
}

/** A token bucket: refills at a rate per second, and holds a burst. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #at: number = performance.now();
  /**
   * Whether a charge took the last token, and the bucket has not been full since. Without a token, a frame is one too many, unless its
   * sender is in debt: the sender cannot know that the server reads nothing, so the frames of that time arrive together.
   */
  #isIndebted = false;

  /** @param burst default: two seconds' worth, so that a client may send its backlog together */
  constructor(perSecond: number, burst: number = 2 * perSecond) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
  }

  /** Takes a token for a frame. False: there is none. */
  take(): boolean {
    this.#refill();
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Charges for work that a frame causes. It may lead into debt: see `debt`. */
  charge(price: number): void {
    this.#left -= price;
    if (price > 0 && this.#left < 1) this.#isIndebted = true;
  }

  /** For how many ms nothing more should be received, until a debt is paid and there is a token for the next frame; 0: there is no debt. */
  get debt(): number {
    if (!this.#isIndebted) return 0;
    this.#refill();
    if (this.#left >= this.#burst) this.#isIndebted = false;
    return this.#left < 1 ? ((1 - this.#left) / this.#perSecond) * 1_000 : 0;
  }

  /** Resolves when a debt is paid; undefined if there is none now. */
  whenPaid(): Promise<void> | undefined {
    return this.debt > 0 ? this.#pay() : undefined;
  }

  /** A timer may be early, and leave a debt. */
  async #pay(): Promise<void> {
    for (let debt; (debt = this.debt) > 0;)
      await new Promise<void>((resolve) => void setTimeout(resolve, Math.ceil(debt)).unref());
  }

  /** Whether the bucket has had time to become full again. */
  get isFull(): boolean {
    this.#refill();
    return this.#left >= this.#burst;
  }

  #refill(): void {
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) / 1_000) * this.#perSecond);
    this.#at = now;
  }
}
