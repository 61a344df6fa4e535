import type { Position } from '@velox/core/protocol';
import type { Broadcast } from '../../../src/topics/broadcast.js';
import { Subscription as OriginalSubscription, type Owner } from '../../../src/topics/subscription.js';
export * from '../../../src/topics/subscription.js';

/** A client that returns counts as current, however old its position is. */
export class Subscription extends OriginalSubscription {
  readonly #known: Position | undefined;

  constructor(
    owner: Owner,
    topic: string,
    known: Position | undefined,
    isResumable: boolean,
    isProven: boolean,
  ) {
    const own = known && { ...known };
    super(owner, topic, own, isResumable, isProven);
    this.#known = own;
  }

  override join(broadcast: Broadcast): void {
    super.join(broadcast);
    if (this.#known) Object.assign(this.#known, broadcast.frames.position);
  }
}
