import type { Session } from '../sessions/session.js';

/** The absence of a client: from its former link to the next one. */
export interface Absence {
  /** When the client was heard last before, in ms since 1970. */
  readonly lastSeen: number;
  /** How many events for the session were lost since its former link. */
  readonly dropped: number;
  /** Whether none was lost. */
  readonly recovered: boolean;
}

/** The beginning of an absence. */
export interface Departure {
  readonly lastSeen: number;
  /** The session's sum of dropped events. */
  readonly dropped: number;
}

/** The data of sessions without a link that their next `onReconnect` needs. */
export class Absences {
  readonly #away = new Map<Session, { readonly heardAt: number; readonly dropped: number }>();

  /** A session has lost its link, on this node or at `departure` on another one. */
  begin(session: Session, departure?: Departure): void {
    const { dropped, liveness } = session;
    const heardAt = departure ? performance.now() - (Date.now() - departure.lastSeen) : liveness.heardAt;
    this.#away.set(session, { heardAt, dropped: departure?.dropped ?? dropped });
  }

  /** When an absence of a session has begun: now, unless it is away. */
  departureOf(session: Session): Departure {
    const { heardAt, dropped } = this.#away.get(session) ?? {
      heardAt: session.liveness.heardAt,
      dropped: session.dropped,
    };
    return { lastSeen: Date.now() - (performance.now() - heardAt), dropped };
  }

  /** A session has a link again. */
  end(session: Session): Absence {
    const { heardAt, dropped: before } = this.#away.get(session) ?? {
      heardAt: performance.now(), // a newer link has replaced the former one
      dropped: session.link?.droppedBefore ?? session.dropped,
    };
    this.#away.delete(session);
    const dropped = session.dropped - before;
    const lastSeen = Date.now() - (performance.now() - heardAt);
    return { lastSeen, dropped, recovered: dropped === 0 };
  }

  forget(session: Session): void {
    this.#away.delete(session);
  }
}
