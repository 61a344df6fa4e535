import type { Subscriber } from '../../../src/topics/subscriber.js';
import { Topics as OriginalTopics } from '../../../src/topics/topics.js';
export * from '../../../src/topics/topics.js';

/** A client that unsubscribes ends the subscriptions of all clients that were subscribed by this class. */
export class Topics extends OriginalTopics {
  readonly #all = new Set<Subscriber>();

  override subscribe(...given: Parameters<OriginalTopics['subscribe']>): void {
    this.#all.add(given[0]);
    super.subscribe(...given);
  }

  override unsubscribe(subscriber: Subscriber, topic: string): void {
    if (!subscriber.topics.has(topic)) return super.unsubscribe(subscriber, topic);
    for (const each of this.#all) super.unsubscribe(each, topic);
  }
}
