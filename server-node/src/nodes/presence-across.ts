import type { PresenceMembers } from '@velox/core/protocol';
import type { Bus } from '../cluster/bus.js';
import type { Hub } from '../hub/hub.js';
import { PresenceRoom, type ShownSeat } from '../messaging/presence-room.js';
import type { PresenceRelay } from '../messaging/presence.js';
import type { Session } from '../sessions/session.js';
import { askAll } from './ask.js';
import type { Casts } from './casts.js';
import type { Interests } from './interests.js';
import type { Letters } from './letters.js';
import type { Peers } from './peers.js';
import { RemoteSeats, type Seats } from './remote-seats.js';

const subjectOf = (room: string): string => `velox presence ${room}`;

/** The sessions of a room that other nodes show. */
interface Own {
  readonly numbers: Map<Session, number>;
  readonly changed: Set<Session>;
  /** The number of the last letter; undefined before the first, which has all. */
  told: number | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Shows the members of a room on all nodes: each node sends its own, and subscribes to the rooms that its
 * clients see.
 */
export class PresenceAcross implements PresenceRelay {
  readonly #hub: Hub;
  readonly #bus: Bus;
  readonly #interests: Interests;
  readonly #letters: Letters;
  readonly #casts: Casts;
  readonly #peers: Peers;
  readonly #own = new Map<string, Own>();
  readonly #watched = new Map<string, RemoteSeats>();
  /** The number of the last letter, over all rooms. */
  #sent = 0;
  #seats = 0;

  constructor(hub: Hub, bus: Bus, interests: Interests, letters: Letters, casts: Casts, peers: Peers) {
    this.#hub = hub;
    this.#bus = bus;
    this.#interests = interests;
    this.#letters = letters;
    this.#casts = casts;
    this.#peers = peers;
    hub.messaging.presenceRelay = this;
    casts.onAsk = (room, from) => letters.tell(from, 'seats', this.#all(room));
    letters.on('seats?', (room: string, from) => void letters.tell(from, 'seats', this.#all(room)));
    letters.on('seats', (seats: Seats) => this.#take(seats));
    letters.on('members', (room: string) => this.#all(room));
    peers.onGone((node) => {
      for (const room of this.#watched.values()) room.forget(node);
    });
    peers.onReturn((node) => {
      for (const room of this.#watched.keys()) letters.tell(node, 'seats?', room);
    });
  }

  changed(room: string, session: Session): void {
    let own = this.#own.get(room);
    if (!own)
      this.#own.set(
        room,
        (own = { numbers: new Map(), changed: new Set(), told: undefined, timer: undefined }),
      );
    if (!own.numbers.has(session)) own.numbers.set(session, ++this.#seats);
    own.changed.add(session);
    own.timer ??= setTimeout(() => this.#tell(room), this.#hub.messaging.presence?.throttle ?? 0).unref();
  }

  watch(room: string, isWatched: boolean): void {
    if (!isWatched) {
      this.#interests.drop(subjectOf(room));
      this.#watched.get(room)?.clear();
      this.#watched.delete(room);
      return;
    }
    const seats = new RemoteSeats(
      (sitter, seat) => this.#hub.messaging.presence?.showRemote(room, sitter, seat),
      (node) => this.#letters.tell(node, 'seats?', room),
    );
    this.#watched.set(room, seats);
    const ask = (): void => this.#casts.ask(room);
    const hear = (data: string): void => {
      const letter = JSON.parse(data) as Seats;
      if (letter.from !== this.#letters.node) this.#take(letter);
    };
    void this.#interests
      .add(subjectOf(room), hear, ask)
      .then(() => this.#watched.get(room) === seats && ask());
  }

  async members(room: string): Promise<PresenceMembers> {
    const answers = await askAll({ letters: this.#letters, peers: this.#peers }, 'members', room);
    const all = [this.#all(room), ...(answers.values() as Iterable<Seats>)];
    const merged = new PresenceRoom(0);
    for (const seat of all.flatMap(({ seats }) => Object.values(seats))) {
      if (!seat) continue;
      const sitter = { outlet: seat.isAway ? undefined : {} };
      merged.enter(sitter, seat, seat.name, seat.since);
      merged.set(sitter, seat.mine, Infinity);
    }
    return merged.state.snapshot().body;
  }

  close(): void {
    for (const { timer } of this.#own.values()) clearTimeout(timer);
  }

  /** A node tells its seats. A late letter of one that counts as dead is ignored: if the node returns, it is asked again. */
  #take(seats: Seats): void {
    if (!this.#peers.isGone(seats.from)) this.#watched.get(seats.room)?.take(seats);
  }

  /** All seats of a room on this node. */
  #all(room: string): Seats {
    const own = this.#own.get(room);
    if (own?.timer) this.#tell(room); // so that the next letter follows this one
    return {
      from: this.#letters.node,
      room,
      number: own?.told ?? this.#sent,
      seats: this.#seatsOf(room, own),
    };
  }

  #tell(room: string): void {
    const own = this.#own.get(room) as Own;
    clearTimeout(own.timer);
    own.timer = undefined;
    const after = own.told;
    const seats = this.#seatsOf(room, own, after === undefined ? undefined : own.changed);
    own.changed.clear();
    own.told = ++this.#sent;
    for (const session of [...own.numbers.keys()])
      if (!this.#seatOf(room, session)) own.numbers.delete(session);
    if (own.numbers.size === 0) this.#own.delete(room);
    const letter: Seats = { from: this.#letters.node, room, number: own.told, after, seats };
    void this.#bus.publish(subjectOf(room), JSON.stringify(letter)).catch(() => undefined); // `onDoubt` asks again
  }

  #seatsOf(room: string, own: Own | undefined, sessions?: Iterable<Session>): Seats['seats'] {
    const numbers = own?.numbers ?? new Map<Session, number>();
    return Object.fromEntries(
      [...(sessions ?? numbers.keys())].map((session) => [
        String(numbers.get(session)),
        this.#seatOf(room, session) ?? null,
      ]),
    );
  }

  #seatOf(room: string, session: Session): ShownSeat | undefined {
    return this.#hub.messaging.presence?.seatOf(room, session);
  }
}
