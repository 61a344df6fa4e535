import { CallError, VeloxError, type PresenceMembers } from '@velox/core/protocol';
import type { StandardSchema } from '../access/standard-schema.js';
import { synchronous, thenOrNow } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import { successorOf } from '../sessions/redirect.js';
import type { Session } from '../sessions/session.js';
import type { Opened, Source } from '../topics/source.js';
import { PresenceRoom, type Shown, type ShownSeat, type Sitter } from './presence-room.js';
import type { Rooms } from './rooms.js';

/** The topics of presence: `presence/<room>`. */
export const PRESENCE_PREFIX = 'presence/';

/** How a hub shows who is in its rooms. */
export interface PresenceOptions<S = object, Shown extends object = object, Mine = unknown> {
  /**
   * What other clients see of a session: `id` names the member, which may have several sessions, and the rest is shown as `who`. Called when
   * a session enters its first room, and again when it comes back with another context.
   */
  readonly of: (session: S) => { readonly id: string } & Shown;
  /** A Standard Schema for the data that clients show. Default: any JSON. */
  readonly mine?: StandardSchema<Mine>;
  /** Least time between two deliveries of a room, in ms; default 50. */
  readonly throttle?: number;
  /** Which rooms have presence. Default: all. */
  readonly rooms?: (room: string) => boolean;
}

/** The members of the rooms of a hub. */
export interface RoomPresence<Shown = unknown, Mine = unknown, Who = object, Room = string> {
  /** The members of a room by their id, as this server knows them: those of other servers only while a client here sees the room. */
  members(room: Room): PresenceMembers<Shown, Mine>;
  /** The same with the members on all servers. */
  fetchMembers(room: Room): Promise<PresenceMembers<Shown, Mine>>;
  /** Asks `of` again about sessions, for instance after a user has changed the name. */
  refresh(who: Who | readonly Who[]): void;
}

/** Shows the members of rooms on other nodes, too. */
export interface PresenceRelay {
  /** A session of this node has changed in a room, or has left it. */
  changed(room: string, session: Session): void;
  /** The members of a room on other nodes are wanted, or not any more. */
  watch(room: string, isWatched: boolean): void;
  /** Resolves with the members of a room on all nodes. */
  members(room: string): Promise<PresenceMembers>;
}

/** The parts of a hub that presence uses. */
export interface PresenceHost {
  readonly observer: Observer;
  readonly rooms: Rooms;
  readonly handleOf: (session: Session) => object;
  /** The most bytes of the data of one member in a room. */
  readonly limit: number;
  /** The way to the other nodes, if there are any. */
  readonly relay: PresenceRelay | undefined;
}

const NOBODY: PresenceMembers = {};

/** The members of each room: a state for each room, as the topic `presence/<room>`. It exists while the room has members or is watched. */
export class Presence implements Source {
  readonly #options: PresenceOptions;
  readonly #host: PresenceHost;
  readonly #throttle: number;
  readonly #rooms = new Map<string, PresenceRoom>();
  /** The answers of `of`, each for a context. */
  readonly #shown = new WeakMap<Session, Shown & { readonly context: unknown }>();
  /** The newest data of each session and room: an older one that its schema has checked late is not shown. */
  readonly #turns = new WeakMap<Session, Map<string, object>>();
  /** Rooms whose topic is in use. */
  readonly #watched = new Set<string>();

  /** Shows all that are in a room now. */
  constructor(options: PresenceOptions, host: PresenceHost) {
    this.#options = options;
    this.#host = host;
    this.#throttle = options.throttle ?? 50;
    for (const [room, sessions] of host.rooms.all) for (const each of sessions) this.enter(each, room);
  }

  /** The members of a room. */
  members(room: string): PresenceMembers {
    return (this.#rooms.get(room)?.state.get() as PresenceMembers | undefined) ?? NOBODY;
  }

  /** The members of a room on all nodes. */
  fetchMembers(room: string): Promise<PresenceMembers> {
    return (
      this.#host.relay?.members(room) ??
      Promise.resolve(JSON.parse(JSON.stringify(this.members(room))) as PresenceMembers)
    );
  }

  get throttle(): number {
    return this.#throttle;
  }

  /** Shows a session of another node in a room that is watched here; undefined: the session has left. */
  showRemote(room: string, sitter: Sitter, seat: ShownSeat | undefined): void {
    if (!seat) {
      this.#rooms.get(room)?.leave(sitter);
      return this.#forgetEmpty(room);
    }
    const shown = this.#roomOf(room);
    const before = shown.seatOf(sitter);
    shown.enter(sitter, seat, seat.name, seat.since);
    if (JSON.stringify(before?.mine) !== JSON.stringify(seat.mine)) shown.set(sitter, seat.mine, Infinity);
  }

  /** A session as other nodes see it; undefined if it is not in the room. */
  seatOf(room: string, session: Session): ShownSeat | undefined {
    return this.#rooms.get(room)?.seatOf(session);
  }

  /** How many members there are, summed over all rooms. */
  get size(): number {
    return [...this.#rooms.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** A session has joined a room. If `of` fails, the session is not shown. One that arrives has no data yet, so its former node shows it. */
  enter(session: Session, room: string): void {
    if (session.redirect?.is === 'arriving') return;
    try {
      if (!this.#has(room)) return;
      this.#roomOf(room).enter(session, this.#shownOf(session), session.name);
      this.#host.relay?.changed(room, session);
    } catch (error) {
      this.#host.observer.failure(error, { room, identity: session.identity });
      this.#forgetEmpty(room);
    }
  }

  /** A session has left a room. */
  leave(session: Session, room: string): void {
    // Data of a session that has moved, and that is still checked, goes to its new node.
    if (!successorOf(session)) this.#turns.get(session)?.delete(room);
    this.#rooms.get(room)?.leave(session);
    this.#host.relay?.changed(room, session);
    this.#forgetEmpty(room);
  }

  /** A session has a new link, or has lost it. */
  linked(session: Session): void {
    const isChanged = this.#shown.get(session)?.context !== session.context;
    for (const room of this.#host.rooms.of(session)) {
      if (isChanged) this.enter(session, room);
      this.#rooms.get(room)?.linked(session);
      this.#host.relay?.changed(room, session);
    }
  }

  /** Asks `of` again. If the session has moved, its new node does. */
  refresh(session: Session): void {
    const successor = successorOf(session);
    if (successor) return successor.refresh();
    this.#shown.delete(session);
    for (const room of this.#host.rooms.of(session)) this.enter(session, room);
  }

  /**
   * Shows a session's own data in a room; undefined removes it. Returns the reply to the client, or a promise of it if the schema is
   * asynchronous: then only the newest data is shown.
   *
   * @throws CallError `no-presence`, `invalid`, `too-large`.
   */
  set(session: Session, room: string, mine: unknown): unknown {
    if (!this.#has(room)) throw new CallError('no-presence', 'the room has no presence.');
    const { mine: schema } = this.#options;
    const turn = {};
    this.#turnsOf(session).set(room, turn);
    const isNewest = (): boolean => this.#turns.get(session)?.get(room) === turn;
    const checked = schema && mine !== undefined ? validated(schema, mine) : mine;
    return thenOrNow(checked, (value) => {
      if (isNewest()) this.#show(session, room, value);
      const { id } = successorOf(session) ? this.#shownOf(session) : (this.#shown.get(session) ?? {});
      return { id, name: session.name, size: this.#host.limit, throttle: this.#throttle };
    });
  }

  /** The seats of a session, for another node. */
  seatsOf(session: Session): (readonly [room: string, seat: ShownSeat])[] {
    return this.#host.rooms.of(session).flatMap((room) => {
      const seat = this.seatOf(room, session);
      return seat ? [[room, seat] as const] : [];
    });
  }

  /** Shows a seat that a session had on another node. */
  restore(session: Session, room: string, { mine, since }: ShownSeat): void {
    try {
      this.#rooms.get(room)?.enter(session, this.#shownOf(session), session.name, since);
      if (mine !== undefined) this.#show(session, room, mine);
    } catch (error) {
      this.#host.observer.failure(error, { room });
    }
  }

  /** A former node of a session received this data before the session moved. Data that the client has sent to this node is newer. */
  showLate(session: Session, room: string, mine: unknown): void {
    if (!this.#turns.get(session)?.has(room)) this.#show(session, room, mine);
  }

  #show(session: Session, room: string, mine: unknown): void {
    const successor = successorOf(session);
    if (successor) return successor.show(room, mine);
    this.#rooms.get(room)?.set(session, mine, this.#host.limit);
    this.#host.relay?.changed(room, session);
  }

  open(topic: string): Opened {
    const room = topic.slice(PRESENCE_PREFIX.length);
    if (!this.#has(room)) return 'not-found';
    if (!this.#watched.has(room)) this.#host.relay?.watch(room, true);
    this.#watched.add(room);
    return this.#roomOf(room).state;
  }

  release(topic: string): void {
    const room = topic.slice(PRESENCE_PREFIX.length);
    this.#watched.delete(room);
    this.#host.relay?.watch(room, false);
    this.#forgetEmpty(room);
  }

  #has(room: string): boolean {
    return synchronous(this.#options.rooms?.(room), 'rooms() of the presence') !== false;
  }

  #roomOf(name: string): PresenceRoom {
    let room = this.#rooms.get(name);
    if (!room) this.#rooms.set(name, (room = new PresenceRoom(this.#throttle)));
    return room;
  }

  #forgetEmpty(name: string): void {
    if (this.#rooms.get(name)?.size === 0 && !this.#watched.has(name)) this.#rooms.delete(name);
  }

  #turnsOf(session: Session): Map<string, object> {
    let turns = this.#turns.get(session);
    if (!turns) this.#turns.set(session, (turns = new Map<string, object>()));
    return turns;
  }

  /** @throws VeloxError `bad-option` if `of` returned no id; the error of `of`. */
  #shownOf(session: Session): Shown {
    const { context } = session;
    const known = this.#shown.get(session);
    if (known?.context === context && known) return known;
    const answer: unknown = synchronous(
      this.#options.of(this.#host.handleOf(session)),
      'of() of the presence',
    );
    const { id, ...who } = Object(answer) as { id: unknown };
    if (typeof id !== 'string') {
      throw new VeloxError('bad-option', 'of() of the presence returned no id. Return { id: string, … }.');
    }
    const shown = { id, who, context };
    this.#shown.set(session, shown);
    return shown;
  }
}

/** @throws CallError `invalid`; it says nothing of the value. */
function validated(schema: StandardSchema, mine: unknown): unknown {
  return thenOrNow(schema['~standard'].validate(mine), (result) => {
    if (!result.issues) return result.value;
    throw new CallError('invalid', 'the data for presence does not match its schema.');
  });
}
