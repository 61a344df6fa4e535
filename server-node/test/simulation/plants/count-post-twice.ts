import { Inbox as OriginalInbox } from '../../../src/sessions/inbox.js';
export * from '../../../src/sessions/inbox.js';

/** A repeated frame or POST is handled twice. */
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
