import { Inbox as OriginalInbox } from '../../../src/sessions/inbox.js';
export * from '../../../src/sessions/inbox.js';

/** A node does not take over the number of the newest event. */
export class Inbox extends OriginalInbox {
  override unpack(): void {
    // it begins anew
  }
}
