import { CallError, isName } from '@velox/core/protocol';
import { isThenable, thenOrNow } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import { successorOf } from '../sessions/redirect.js';
import type { Session } from '../sessions/session.js';
import type { Answers } from './answers.js';
import type { Checks } from './checks.js';
import type { Presence } from './presence.js';
import type { Rooms } from './rooms.js';

/** The parts of a hub that its own calls use. */
export interface HubCallsHost {
  readonly rooms: Rooms;
  readonly answers: Answers;
  readonly observer: Observer;
  readonly checks: Checks;
  readonly canJoin: ((context: unknown, room: string) => boolean | Promise<boolean>) | undefined;
  readonly presence: () => Presence | undefined;
}

/** A join that waits for the application. A client that leaves meanwhile does not join. */
type Joining = 'elsewhere' | { promise?: Promise<unknown> };

/** The calls and events of the hub itself, whose names begin with `$`: clients join rooms, leave them, and show data in them. */
export class HubCalls {
  readonly #host: HubCallsHost;
  /** The rooms that the application is being asked about, for each session; `elsewhere` if another node asks. */
  readonly #joining = new WeakMap<Session, Map<string, Joining>>();

  constructor(host: HubCallsHost) {
    this.#host = host;
  }

  /** @param call the number of the reply that the client waits for, if it does */
  receive(session: Session, name: string, data: unknown, call: number | undefined): void {
    if (call === undefined) {
      if (name === '$presence') this.#receivePresence(session, data);
      return;
    }
    session.liveness.answered(); // a client that makes these calls acknowledges, too
    this.#host.answers.runWith(() => this.#answer(session, name, data), session, name, call);
  }

  #answer(session: Session, name: string, data: unknown): unknown {
    if (name === '$join') return this.#join(session, roomIn(data));
    if (name === '$leave') return this.#leave(session, roomIn(data));
    if (name === '$presence') {
      const { room, mine } = presenceIn(data);
      return thenOrNow(this.#join(session, room), () => this.#presence.set(session, room, mine));
    }
    throw new CallError('no-handler', 'the server answers no call of that name.');
  }

  get #presence(): Presence {
    const presence = this.#host.presence();
    if (presence) return presence;
    throw new CallError('no-presence', 'the server shows no presence.');
  }

  /** Newer data of a member, which gets no reply. A client that sends invalid data has learned that from the reply to its first data. */
  #receivePresence(session: Session, data: unknown): void {
    const failed = (error: unknown): void => {
      if (!(error instanceof CallError)) return this.#host.observer.failure(error);
      const advice = `a client sent data for presence that was not shown: ${error.message}`;
      this.#host.observer.once('unsound presence', error.code, advice, { identity: session.identity });
    };
    try {
      const { room, mine } = presenceIn(data);
      const result = this.#host.rooms.has(session, room) && this.#presence.set(session, room, mine);
      if (isThenable(result)) Promise.resolve(result).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Adds a session to a room, if the application allows. A room that the session is in needs no question. */
  #join(session: Session, room: string): unknown {
    const { rooms, canJoin, checks } = this.#host;
    if (rooms.has(session, room)) return rooms.whenKnown(room);
    const pending = this.#joining.get(session)?.get(room);
    if (typeof pending === 'object') return pending.promise;
    const forbidden = new CallError('forbidden', 'the client may not join this room.');
    if (room === '' || !isName(room)) {
      throw new CallError('bad-room', 'the name of a room is empty, too long, or has control characters.');
    }
    if (!canJoin) throw forbidden;
    const allowed = checks.through(session, checks.room, 'the name of the room', room, () =>
      canJoin(session.context, room),
    );
    const enter = (isAllowed: unknown): unknown => {
      if (isAllowed !== true) throw forbidden;
      if (session.hasEnded) return undefined;
      const successor = successorOf(session);
      return successor ? successor.enter(room) : rooms.join(session, room);
    };
    return isThenable(allowed) ? this.#whileJoining(session, room, allowed, enter) : enter(allowed);
  }

  #whileJoining(
    session: Session,
    room: string,
    allowed: PromiseLike<unknown>,
    enter: (isAllowed: unknown) => unknown,
  ): Promise<unknown> {
    const ofSession = this.#joiningOf(session);
    const joining: Exclude<Joining, string> = {};
    ofSession.set(room, joining);
    const end = (): boolean => ofSession.get(room) === joining && ofSession.delete(room);
    return (joining.promise = Promise.resolve(allowed).then(
      (isAllowed) => (end() || isAllowed !== true ? enter(isAllowed) : undefined),
      (error: unknown) => {
        end();
        throw error;
      },
    ));
  }

  #joiningOf(session: Session): Map<string, Joining> {
    let ofSession = this.#joining.get(session);
    if (!ofSession) this.#joining.set(session, (ofSession = new Map<string, Joining>()));
    return ofSession;
  }

  #leave(session: Session, room: string): boolean {
    this.#joining.get(session)?.delete(room);
    return this.#host.rooms.leave(session, room);
  }

  /** The rooms that a session joins as soon as the application allows. */
  joining(session: Session): readonly string[] {
    return [...(this.#joining.get(session)?.keys() ?? [])];
  }

  /** A session arrives while its former node asks the application about rooms. */
  expect(session: Session, rooms: readonly string[]): void {
    for (const room of rooms) this.#joiningOf(session).set(room, 'elsewhere');
  }

  /** A former node of a session was allowed to let it join a room: it does, unless its client has left meanwhile. Idempotent. */
  enter(session: Session, room: string): Promise<void> | undefined {
    const { rooms } = this.#host;
    if (this.#joining.get(session)?.get(room) !== 'elsewhere') {
      return rooms.has(session, room) ? rooms.whenKnown(room) : undefined;
    }
    this.#joining.get(session)?.delete(room);
    return rooms.join(session, room);
  }
}

/** @throws CallError `bad-room`. */
function roomIn(data: unknown): string {
  if (typeof data === 'string') return data;
  throw new CallError('bad-room', 'the name of a room must be a text.');
}

/** @throws CallError `bad-room`. */
function presenceIn(data: unknown): { readonly room: string; readonly mine: unknown } {
  const { room, mine } = Object(data) as { room: unknown; mine: unknown };
  return { room: roomIn(room), mine };
}
