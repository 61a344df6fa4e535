import { Subscription as OriginalSubscription } from '../../../src/topics/subscription.js';
import type { Message } from '../../../src/wire/message.js';
export * from '../../../src/topics/subscription.js';

/** A client is not told that a value is current again, unless the value has changed. */
export class Subscription extends OriginalSubscription {
  #isStale = false;

  override tell(messages: Message[]): boolean {
    const told: Message[] = [];
    super.tell(told);
    const texts = told.map(({ text }) => text);
    const isLostEnd = this.#isStale && texts.length === 1 && /"version":\d+\}$/.test(texts[0] ?? '');
    if (!isLostEnd) messages.push(...told);
    if (texts.length > 0) this.#isStale = texts.some((text) => text.includes('"stale":'));
    return told.length > 0 && !isLostEnd;
  }
}
