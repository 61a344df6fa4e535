import type { Carried } from '@velox/core/protocol';
import type { Bus } from '../cluster/bus.js';
import type { Hub } from '../hub/hub.js';
import type { Cast } from '../messaging/cast.js';
import type { Relay, RemoteEvent, RemoteSelection } from '../messaging/relay.js';
import type { RoomSelection } from '../messaging/room-selection.js';
import { decodeData, encodeData } from '../wire/binary.js';
import { castId, rangesOf, type CastRanges, type CastSet } from './cast-set.js';
import type { Session } from '../sessions/session.js';
import type { Interests } from './interests.js';
import { KNOWN_MS, type CastOfMessage } from './moves.js';
import type { NameClaim } from './name-claim.js';
import type { Peers } from './peers.js';
import { idOn } from './session-id.js';

/** How many casts are remembered, so that a session receives one once: also if it comes by several rooms or nodes. */
const MOST_KNOWN = 50_000;

/** Asks the nodes that have members of a room to show them. */
interface Question {
  readonly from: string;
  readonly ask: string;
}

/** A client has taken a name. */
interface Claimed {
  readonly from: string;
  readonly claim: NameClaim;
}

interface CastLetter {
  readonly from: string;
  readonly number: number;
  readonly to: RemoteSelection;
  readonly event: Omit<RemoteEvent, 'data'>;
  /** The data as the members of a frame, as JSON: it may have bytes. */
  readonly body: string;
}

const EVERYONE = 'velox cast';
const roomSubject = (room: string): string => `velox room ${room}`;
const nameSubject = (name: string): string => `velox name ${name}`;

/** Carries events to the sessions of other nodes: a subject for each room and each chosen name, and one for everyone. */
export class Casts implements Pick<Relay, 'cast'> {
  readonly #hub: Hub;
  readonly #node: string;
  readonly #bus: Bus;
  readonly #peers: Peers;
  /** When casts were heard, in ms of `performance.now`, the oldest first. */
  readonly #known = new Map<string, number>();
  /** The casts of sessions that have just come. */
  readonly #tracked = new WeakMap<Session, CastSet>();
  /** The cast that is being sent to sessions now. */
  #current: CastOfMessage | undefined;
  #sent = 0;
  /** Called when another node asks who is in a room that has members here. */
  onAsk: ((room: string, from: string) => void) | undefined;
  /** Called when a client of another node took a name that sessions here have. */
  onClaim: ((claim: NameClaim) => void) | undefined;
  /** Called when messages to a name may have been missed. */
  onNameDoubt: ((name: string) => void) | undefined;

  constructor(hub: Hub, node: string, bus: Bus, interests: Interests, peers: Peers) {
    this.#hub = hub;
    this.#node = node;
    this.#bus = bus;
    this.#peers = peers;
    const hear = (data: string): void => {
      const letter = JSON.parse(data) as CastLetter | Question | Claimed;
      if ('number' in letter) this.#hear(letter);
      else if (letter.from === node) return;
      else if ('claim' in letter) this.onClaim?.(letter.claim);
      else this.onAsk?.(letter.ask, letter.from);
    };
    const want = (subject: string, isWanted: boolean, onDoubt?: () => void): Promise<void> | undefined =>
      isWanted ? interests.add(subject, hear, onDoubt) : interests.drop(subject);
    const { rooms, names } = hub.messaging;
    void want(EVERYONE, true);
    // Random names begin with the name of their node, so they need no subjects of their own.
    names.prefix = `${node}.`;
    void want(nameSubject(node), true);
    rooms.onUse = (room, isUsed) => want(roomSubject(room), isUsed);
    names.onUse = (name, isUsed) =>
      name.startsWith(names.prefix)
        ? undefined
        : want(nameSubject(name), isUsed, () => this.onNameDoubt?.(name));
  }

  /** Asks all nodes that have members of a room. */
  ask(room: string): void {
    const question: Question = { from: this.#node, ask: room };
    void this.#bus.publish(roomSubject(room), JSON.stringify(question)).catch(() => undefined);
  }

  /** Tells the nodes whose sessions have a name that a client took it. */
  claim(claim: NameClaim): void {
    const letter: Claimed = { from: this.#node, claim };
    void this.#bus.publish(nameSubject(claim.name), JSON.stringify(letter)).catch(() => undefined); // `onNameDoubt` repeats it
  }

  /** The cast that is being sent to sessions now. */
  get current(): CastOfMessage | undefined {
    return this.#current;
  }

  /** Notes the casts that a session has which has just come from another node; undefined if it came long ago. */
  track(session: Session, casts: CastSet | undefined): void {
    if (casts) this.#tracked.set(session, casts);
    else this.#tracked.delete(session);
  }

  /**
   * The casts that a session cannot miss any more. A session that came long ago has all casts that this node heard. A session that has just
   * come does not: this node may have heard some before the session came, and its former node others.
   */
  knownTo(session: Session): CastRanges {
    const since = performance.now() - KNOWN_MS;
    const heard = [...this.#known].filter(([, heardAt]) => heardAt >= since);
    return this.#tracked.get(session)?.ranges() ?? rangesOf(heard.map(([cast]) => cast));
  }

  cast(
    here: () => number,
    { rooms, notIn }: RoomSelection,
    to: RemoteSelection | undefined,
    event: RemoteEvent,
  ): number {
    const number = ++this.#sent;
    const cast = castId(this.#node, number);
    this.#remember(cast);
    const count = this.during({ cast, rooms, notIn }, here);
    if (!to) return count;
    const { data, ...others } = event;
    this.#send({ from: this.#node, number, to, event: others, body: `{${encodeData(data)}}` });
    return count;
  }

  /** Runs a function that sends a cast to sessions of this node. */
  during<R>(cast: CastOfMessage | undefined, send: () => R): R {
    const outer = this.#current;
    this.#current = cast;
    try {
      return send();
    } finally {
      this.#current = outer;
    }
  }

  #send(letter: CastLetter): void {
    for (const subject of this.#subjectsOf(letter.to)) this.#publish(subject, letter);
  }

  #publish(subject: string, letter: CastLetter): void {
    const failed = (error: unknown): void =>
      this.#hub.observer.log('warn', 'event not relayed', { name: letter.event.event, error });
    void this.#bus.publish(subject, JSON.stringify(letter)).catch(failed);
  }

  #subjectsOf({ rooms, only: [names] }: RemoteSelection): Set<string> {
    if (rooms) return new Set(rooms.map(roomSubject));
    if (!names) return new Set([EVERYONE]);
    return new Set(names.flatMap((name) => this.#subjectOfName(name) ?? []));
  }

  /** Undefined if the sessions of the name are here. */
  #subjectOfName(name: string): string | undefined {
    const node = /^([a-z]{8})\.[\w-]{16}$/.exec(name)?.[1];
    if (node !== this.#node) return nameSubject(node && !this.#peers.isGone(node) ? node : name);
    return this.#isHere(name) ? undefined : nameSubject(name);
  }

  #isHere(name: string): boolean {
    return this.#hub.messaging.names.isUsed(name);
  }

  #hear(letter: CastLetter): void {
    const { from, number, to, body } = letter;
    if (from === this.#node) return;
    const cast = castId(from, number);
    if (this.#known.has(cast)) return;
    this.#remember(cast);
    const event = { ...letter.event, data: decodeData(JSON.parse(body) as Carried) };
    const { rooms, notIn } = to;
    this.during({ cast, rooms, notIn }, () => emitHere(castOf(this.#hub, to), event));
    // Sessions that began here may have moved: the nodes that have them hear the whole name.
    const moved = (to.only[0] ?? []).filter((name) => name.startsWith(this.#hub.messaging.names.prefix));
    for (const name of moved) if (!this.#isHere(name)) this.#publish(nameSubject(name), letter);
  }

  #remember(cast: string): void {
    const now = performance.now();
    this.#known.set(cast, now);
    for (const [oldest, heardAt] of this.#known) {
      if (this.#known.size <= MOST_KNOWN && now - heardAt <= KNOWN_MS) break;
      this.#known.delete(oldest);
    }
  }
}

/** The recipients of a cast, as this node finds them. */
export function castOf({ messaging, node = '' }: Hub, to: RemoteSelection): Cast {
  const { everyone } = messaging;
  let cast = to.rooms ? everyone.to(to.rooms) : everyone;
  for (const names of to.only) cast = cast.only(names);
  const exceptIds = (to.exceptIds ?? []).map((id) => idOn(node, id));
  return cast.notIn(to.notIn).except(to.except).exceptIds(exceptIds);
}

/** Sends an event of another node to its recipients on this one. */
function emitHere(cast: Cast, event: RemoteEvent): void {
  const { channel, key, data } = event;
  (event.isVolatile ? cast.volatile : cast).emitHere(event.event, data, { channel, key });
}
