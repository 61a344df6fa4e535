import type { Subscriber } from '../../../src/topics/subscriber.js';
import { Topics as OriginalTopics } from '../../../src/topics/topics.js';
export * from '../../../src/topics/topics.js';

/** A session goes on receiving the value that it was given first, whatever becomes of its rights. */
export class Topics extends OriginalTopics {
  override async ask(subscriber: Subscriber, topic: string): Promise<void> {
    if (!subscriber.topics.get(topic)?.isJoined) await super.ask(subscriber, topic);
  }
}
