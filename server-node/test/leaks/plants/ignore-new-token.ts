import type { Admission } from '../../../src/access/admission.js';
import type { Subscriber } from '../../../src/topics/subscriber.js';
import type { Subscription } from '../../../src/topics/subscription.js';
import { Topics as OriginalTopics } from '../../../src/topics/topics.js';
export * from '../../../src/topics/topics.js';

/** The audience of a client is not asked for again when it sends a new token. */
export class Topics extends OriginalTopics {
  readonly #asked = new WeakMap<Subscription, Admission>();

  override async ask(subscriber: Subscriber, topic: string): Promise<void> {
    const subscription = subscriber.topics.get(topic);
    if (!subscription) return;
    const { admission } = subscriber;
    const former = this.#asked.get(subscription) ?? admission;
    this.#asked.set(subscription, admission);
    if (former === admission) await super.ask(subscriber, topic);
  }
}
