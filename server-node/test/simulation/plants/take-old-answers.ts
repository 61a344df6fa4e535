import { Subscription as OriginalSubscription } from '../../../src/topics/subscription.js';
export * from '../../../src/topics/subscription.js';

/** An answer counts even if the rights were asked for again since: frames of a former audience follow. */
export class Subscription extends OriginalSubscription {
  override isWaiting(): boolean {
    return true;
  }
}
