import type { Bus } from '../cluster/bus.js';
import type { Hub } from '../hub/hub.js';
import type { Cast } from '../messaging/cast.js';
import type { Relay, RemoteEvent, RemoteSelection } from '../messaging/relay.js';
import type { Interests } from './interests.js';

/** How many casts are remembered, so that one to several rooms is received once. */
const MOST_KNOWN = 1_000;

interface Letter {
  readonly from: string;
  readonly number: number;
  readonly to: RemoteSelection;
  readonly event: RemoteEvent;
}

const EVERYONE = 'velox cast';
const roomSubject = (room: string): string => `velox room ${room}`;
const nameSubject = (name: string): string => `velox name ${name}`;

/** Carries events to the sessions of other nodes: a subject for each room and each chosen name, and one for everyone. */
export class Casts implements Relay {
  readonly #hub: Hub;
  readonly #node: string;
  readonly #bus: Bus;
  readonly #known = new Set<string>();
  #sent = 0;

  constructor(hub: Hub, node: string, bus: Bus, interests: Interests) {
    this.#hub = hub;
    this.#node = node;
    this.#bus = bus;
    const hear = (data: string): void => this.#hear(JSON.parse(data) as Letter);
    const want = (subject: string, isWanted: boolean): void =>
      isWanted ? interests.add(subject, hear) : interests.drop(subject);
    const { rooms, names } = hub.messaging;
    want(EVERYONE, true);
    // Random names begin with the name of their node, so they need no subjects of their own.
    names.prefix = `${node}.`;
    want(nameSubject(node), true);
    rooms.onUse = (room, isUsed) => want(roomSubject(room), isUsed);
    names.onUse = (name, isUsed) => {
      if (!name.startsWith(names.prefix)) want(nameSubject(name), isUsed);
    };
    hub.messaging.relay = this;
  }

  send(to: RemoteSelection, event: RemoteEvent): void {
    const letter: Letter = { from: this.#node, number: ++this.#sent, to, event };
    const data = JSON.stringify(letter);
    const failed = (error: unknown): void =>
      this.#hub.observer.log('warn', 'event not relayed', { name: event.event, error });
    for (const subject of this.#subjectsOf(to)) void this.#bus.publish(subject, data).catch(failed);
  }

  #subjectsOf({ rooms, only: [names] }: RemoteSelection): Set<string> {
    if (rooms) return new Set(rooms.map(roomSubject));
    if (!names) return new Set([EVERYONE]);
    const others = names.map((name) => /^([a-z]{8})\.[\w-]{16}$/.exec(name)?.[1] ?? name);
    return new Set(others.filter((name) => name !== this.#node).map(nameSubject));
  }

  #hear({ from, number, to, event }: Letter): void {
    if (from === this.#node) return;
    const id = `${from} ${number}`;
    if (this.#known.has(id)) return;
    this.#known.add(id);
    for (const oldest of this.#known) {
      if (this.#known.size <= MOST_KNOWN) break;
      this.#known.delete(oldest);
    }
    emitHere(this.#hub.messaging.everyone, to, event);
  }
}

/** Sends an event of another node to its recipients on this one. */
function emitHere(everyone: Cast, to: RemoteSelection, event: RemoteEvent): void {
  let cast = to.rooms ? everyone.to(to.rooms) : everyone;
  for (const names of to.only) cast = cast.only(names);
  cast = cast.notIn(to.notIn).except(to.except);
  const { channel, key, data } = event;
  (event.isVolatile ? cast.volatile : cast).emitHere(event.event, data, { channel, key });
}
