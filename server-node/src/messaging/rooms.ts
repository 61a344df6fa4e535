import { CallError } from '@velox/core/protocol';
import { successorOf } from '../sessions/redirect.js';
import type { Session } from '../sessions/session.js';
import { chooses, type RoomSelection } from './room-selection.js';

/** The rooms of a session. */
interface Membership {
  readonly rooms: Set<string>;
  /** Ends the watch on the session's liveness. */
  readonly unwatch: () => void;
}

const NOBODY: ReadonlySet<Session> = new Set();
const NONE: ReadonlySet<string> = new Set();

/** Called when the members of a room change. */
export interface RoomsHost {
  readonly onJoin: (session: Session, room: string) => void;
  readonly onLeave: (session: Session, room: string) => void;
}

/** The rooms of a hub: sets of sessions, which exist as long as they have members. */
export class Rooms {
  readonly #limit: number;
  readonly #host: RoomsHost;
  readonly #members = new Map<string, Set<Session>>();
  readonly #ofSession = new Map<Session, Membership>();
  /**
   * Called when a room gets its first member, and when it has lost the last one. Returns a promise that resolves when the other nodes know,
   * or undefined if there are none.
   */
  onUse: ((room: string, isUsed: boolean) => Promise<void> | undefined) | undefined;
  /** Rooms of which the other nodes do not know yet. */
  readonly #unknown = new Map<string, Promise<void>>();

  /** @param limit the most rooms of one session */
  constructor(limit: number, host: RoomsHost) {
    this.#limit = limit;
    this.#host = host;
  }

  /** How many rooms have members. */
  get size(): number {
    return this.#members.size;
  }

  /** All rooms with their members. */
  get all(): Iterable<[string, ReadonlySet<Session>]> {
    return this.#members;
  }

  /** The members of a room. Iterate a copy if the loop may change the set. */
  members(room: string): ReadonlySet<Session> {
    return this.#members.get(room) ?? NOBODY;
  }

  has(session: Session, room: string): boolean {
    return this.#ofSession.get(session)?.rooms.has(room) === true;
  }

  /** Whether a cast chooses a session by its rooms. */
  isChosen(session: Session, selection: RoomSelection): boolean {
    return chooses(selection, this.#ofSession.get(session)?.rooms ?? NONE);
  }

  /** The rooms of a session. */
  of(session: Session): readonly string[] {
    return [...(this.#ofSession.get(session)?.rooms ?? [])];
  }

  /** Resolves when a room receives the events that other nodes cast to it; undefined if it does so already. */
  whenKnown(room: string): Promise<void> | undefined {
    return this.#unknown.get(room);
  }

  /**
   * Adds a session to a room. Idempotent. A session that has moved joins on its new node.
   *
   * @returns when the room receives the events that other nodes cast to it; undefined if it does so now
   * @throws CallError `too-many`.
   */
  join(session: Session, room: string): Promise<void> | undefined {
    const successor = successorOf(session);
    if (successor) return successor.join(room);
    let membership = this.#ofSession.get(session);
    if (membership?.rooms.has(room)) return this.whenKnown(room);
    if (membership && membership.rooms.size >= this.#limit) {
      throw new CallError('too-many', 'the session is in as many rooms as limits.rooms allows.');
    }
    if (!membership) {
      membership = { rooms: new Set(), unwatch: session.liveness.watch() };
      this.#ofSession.set(session, membership);
    }
    membership.rooms.add(room);
    let members = this.#members.get(room);
    if (!members) {
      this.#members.set(room, (members = new Set()));
      this.#use(room);
    }
    members.add(session);
    this.#host.onJoin(session, room);
    return this.whenKnown(room);
  }

  /** Removes a session from a room. Returns whether it was a member. */
  leave(session: Session, room: string): boolean {
    const successor = successorOf(session);
    if (successor) successor.leave(room);
    return this.#remove(session, room) || !!successor;
  }

  #remove(session: Session, room: string): boolean {
    const membership = this.#ofSession.get(session);
    if (!membership?.rooms.delete(room)) return false;
    if (membership.rooms.size === 0) {
      membership.unwatch();
      this.#ofSession.delete(session);
    }
    const members = this.#members.get(room);
    members?.delete(session);
    if (members?.size === 0) {
      this.#members.delete(room);
      this.#unknown.delete(room);
      void this.onUse?.(room, false);
    }
    this.#host.onLeave(session, room);
    return true;
  }

  /** Removes a session from all rooms. */
  leaveAll(session: Session): void {
    for (const room of this.of(session)) this.#remove(session, room);
  }

  #use(room: string): void {
    const known = this.onUse?.(room, true);
    if (!known) return;
    this.#unknown.set(room, known);
    void known.then(() => {
      if (this.#unknown.get(room) === known) this.#unknown.delete(room);
    });
  }
}
