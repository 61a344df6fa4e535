import { VeloxError } from '@velox/core/protocol';
import { report } from '../../cluster/report.js';

/**
 * Reports that a subscriber fails while the client for commands works. In an outage both fail, and the application learns it from the
 * client.
 */
export class SubscriberErrors {
  readonly #isClientAway: () => boolean;
  #failures = 0;
  #hasReported = false;

  constructor(isClientAway: () => boolean) {
    this.#isClientAway = isClientAway;
  }

  /** The first failure may be the beginning of an outage that the client has not seen yet. Reports once until `end`. */
  add(cause: unknown): void {
    this.#failures++;
    if (this.#hasReported || this.#failures < 2 || this.#isClientAway()) return;
    this.#hasReported = true;
    const text = 'subscriptions to Redis fail, so messages of other servers are missed. See the cause.';
    report(new VeloxError('unavailable', text, { cause }));
  }

  /** Subscriptions work again. */
  end(): void {
    this.#failures = 0;
    this.#hasReported = false;
  }
}
