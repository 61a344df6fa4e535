import { Letters as OriginalLetters } from '../../../src/nodes/letters.js';
import { Inbox as OriginalInbox } from '../../../src/sessions/inbox.js';
export * from '../../../src/nodes/letters.js';
export * from '../../../src/sessions/inbox.js';

/** A request is forwarded again, because its node may be dead, and executed again. */
export class Letters extends OriginalLetters {
  override async say(to: string, kind: string, data: unknown): Promise<void> {
    await super.say(to, kind, data);
    if (kind === 'forward' && 'request' in Object(data)) await super.say(to, kind, data);
  }
}

/** A frame or POST that arrives again is taken again. */
export class Inbox extends OriginalInbox {
  override take(seq: number | undefined, bytes: number): boolean {
    super.take(seq, bytes);
    return true;
  }

  override takePost(number: number): boolean {
    super.takePost(number);
    return true;
  }
}
