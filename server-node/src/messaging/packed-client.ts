import { packSession, unpackSession } from '../sessions/pack-session.js';
import type { PackedSession } from '../sessions/packed-session.js';
import type { Session } from '../sessions/session.js';
import type { Departure } from './absences.js';
import type { Messaging } from './messaging.js';
import type { ShownSeat } from './presence-room.js';
import type { CallsOfNode } from './strays.js';

/** A session with its rooms, its name and its data, on its way to another node. */
export interface PackedClient extends PackedSession {
  readonly name: string;
  readonly rooms: readonly string[];
  /** Rooms that it joins as soon as the application of the former node allows. */
  readonly joining: readonly string[];
  /** The application's data, as far as JSON holds it. */
  readonly data?: unknown;
  /** Its presence in its rooms. */
  readonly seats: readonly (readonly [room: string, seat: ShownSeat])[];
  readonly departure: Departure;
  /** Where its calls are. */
  readonly calls: readonly CallsOfNode[];
}

/** Takes out what another node needs to go on with a session, except for its messages in flight. */
export function packClient(
  messaging: Messaging,
  session: Session,
  calls: readonly CallsOfNode[],
): PackedClient {
  const { rooms, presence, absences } = messaging;
  return {
    departure: absences.departureOf(session),
    name: session.name,
    rooms: rooms.of(session),
    joining: messaging.hubCalls.joining(session),
    ...dataOf(messaging, session),
    seats: presence?.seatsOf(session) ?? [],
    calls,
    ...packSession(session),
  };
}

/** Goes on with the session of another node. It is shown when it has arrived. */
export function unpackClient(messaging: Messaging, session: Session, packed: PackedClient): void {
  unpackSession(session, packed, (call, code) => messaging.strays?.dropped(session, call, code));
  messaging.absences.begin(session, packed.departure);
  messaging.hubCalls.expect(session, packed.joining);
  if (packed.data !== undefined) messaging.handleOf(session).data = packed.data;
}

/** Shows a session that has arrived from another node in its rooms. */
export function showClient({ presence }: Messaging, session: Session, { seats }: PackedClient): void {
  presence?.refresh(session);
  for (const [room, seat] of seats) presence?.restore(session, room, seat);
}

function dataOf(messaging: Messaging, session: Session): { data?: unknown } {
  const { data } = messaging.handleOf(session);
  try {
    const text = JSON.stringify(data) as string | undefined;
    return text === undefined ? {} : { data: JSON.parse(text) as unknown };
  } catch (error) {
    messaging.failed(error);
    return {};
  }
}
