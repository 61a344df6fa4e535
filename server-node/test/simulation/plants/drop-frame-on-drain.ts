import { Session as OriginalSession } from '../../../src/sessions/session.js';
import type { Outlet } from '../../../src/wire/outlet.js';
export * from '../../../src/sessions/session.js';

/** When a full link drains, the session forgets the changes that the link missed. */
export class Session extends OriginalSession {
  override drained(outlet: Outlet): void {
    this.topics.tell([]);
    super.drained(outlet);
  }
}
