import type { Messaging } from '../messaging/messaging.js';
import type { Session } from '../sessions/session.js';
import type { Act } from './moves.js';

/** Performs an act of the application, or of a former node, on a session that is here. Its error is reported. */
export function performAct(messaging: Messaging, session: Session, act: Act): Promise<void> | undefined {
  try {
    if (act.act === 'close') messaging.close(session, act.code, act.reason);
    else if (act.act === 'leave') messaging.rooms.leave(session, act.room);
    else if (act.act === 'show') messaging.presence?.showLate(session, act.room, act.mine);
    else if (act.act === 'enter') return messaging.hubCalls.enter(session, act.room);
    else return messaging.rooms.join(session, act.room);
  } catch (error) {
    messaging.failed(error);
  }
  return undefined;
}
