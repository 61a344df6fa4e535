import type { OnCallDropped, PackedSession } from './packed-session.js';
import type { Session } from './session.js';

/** Takes out what another node needs to go on with a session. Its link is replaced. */
export function packSession(session: Session): PackedSession {
  const { liveness, topics, events } = session;
  const { taken } = session.inbox; // with frames that wait for a check, which this node still executes
  session.replaceLink();
  session.made?.clear(); // the other node sends the client its values from now on
  // Frames of the former link that wait for a callback have no effect any more: the client sends them again.
  const packed = { links: session.links++, taken, hasAnswered: liveness.hasAnswered, denied: topics.denied };
  return { ...packed, events: events.pack() };
}

/** Goes on with the session of another node; `onCallDropped` as for `unpackMessage`. */
export function unpackSession(session: Session, packed: PackedSession, onCallDropped: OnCallDropped): void {
  session.links = packed.links;
  session.inbox.unpack(packed.taken);
  if (packed.hasAnswered) session.liveness.answered();
  session.topics.denied = packed.denied;
  if (packed.events) session.events.unpack(packed.events, onCallDropped);
}
