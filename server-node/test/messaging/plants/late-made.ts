import { Subscription as OriginalSubscription } from '../../../src/topics/subscription.js';
import type { Message } from '../../../src/wire/message.js';
export * from '../../../src/topics/subscription.js';

/** `made` follows the state frame of its call, so a client shows the change twice. */
export class Subscription extends OriginalSubscription {
  override tell(messages: Message[]): boolean {
    const told: Message[] = [];
    const result = super.tell(told);
    const isMade = ({ text }: Message): boolean => text.startsWith('{"made":');
    messages.push(...told.filter((each) => !isMade(each)), ...told.filter(isMade));
    return result;
  }
}
