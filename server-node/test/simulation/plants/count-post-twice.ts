import { Inbox as OriginalInbox } from '../../../src/sessions/inbox.js';
export * from '../../../src/sessions/inbox.js';

/** Repeated frames and POSTs are taken again. */
export class Inbox extends OriginalInbox {
  override take(seq: number): boolean {
    super.take(seq);
    return true;
  }

  override takePost(number: number): boolean {
    super.takePost(number);
    return true;
  }
}
