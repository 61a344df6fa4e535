import type { Broadcast } from '../../../src/topics/broadcast.js';
import { Subscription as OriginalSubscription } from '../../../src/topics/subscription.js';
export * from '../../../src/topics/subscription.js';

/** A client that is asked for again joins the audience in which it was before. */
export class Subscription extends OriginalSubscription {
  #former: Broadcast | undefined;

  override join(broadcast: Broadcast): void {
    super.join((this.#former ??= broadcast));
  }
}
