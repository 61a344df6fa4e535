import { Sessions as OriginalSessions } from '../../../src/sessions/sessions.js';
export * from '../../../src/sessions/sessions.js';

/** A node goes on with a session that it has given to another one. */
export class Sessions extends OriginalSessions {
  override depart(): void {
    // it stays
  }
}
