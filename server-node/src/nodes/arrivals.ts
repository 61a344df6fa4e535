import { isVeloxError } from '@velox/core/protocol';
import type { Admission } from '../access/admission.js';
import { waitAtMost } from '../diagnostics/deadlines.js';
import type { Hub } from '../hub/hub.js';
import { showClient, unpackClient } from '../messaging/packed-client.js';
import type { Rooms } from '../messaging/rooms.js';
import type { Sent } from '../sessions/event-limits.js';
import { unpackMessage } from '../sessions/packed-session.js';
import { isHere, type Redirect, type Sending } from '../sessions/redirect.js';
import type { Session } from '../sessions/session.js';
import type { Message } from '../wire/message.js';
import { insist, type Asker } from './ask.js';
import type { CallsElsewhere } from './calls-elsewhere.js';
import type { Casts } from './casts.js';
import { claimOf, type Claim } from './claim.js';
import type { Departures } from './departures.js';
import type { Letters } from './letters.js';
import { CastSet, type CastRanges } from './cast-set.js';
import {
  KNOWN_MS,
  TAKE_MS,
  type CastOfMessage,
  type ClaimAnswer,
  type PassedMessage,
  type GiveRequest,
  type Taken,
} from './moves.js';
import type { NamesAcross } from './names-across.js';
import type { Peers } from './peers.js';
import { homeOf, ownPart, ownPartOf } from './session-id.js';

/** How many nodes are asked, one after the other, for a session that moves meanwhile. */
const MOST_HOPS = 5;
/** How long a node is asked whether a session that arrives there has arrived, in ms. */
const ARRIVE_MS = 10_000;
/** How long a node that has a session is asked for it, in ms. */
const GIVE_MS = 25_000;
/** How long the answer to another node's question waits for a session that is arriving here, in ms. */
const PAUSE_MS = 500;

const ARRIVING: ClaimAnswer = { is: 'arriving' };
const UNKNOWN: ClaimAnswer = { is: 'unknown' };

/** The sessions that come from other nodes, because their clients open a link here. */
export class Arrivals {
  readonly #hub: Hub;
  readonly #letters: Letters;
  readonly #casts: Casts;
  readonly #peers: Peers;
  readonly #departures: Departures;
  readonly #calls: CallsElsewhere;
  readonly #names: NamesAcross;
  /** The fetches under way, by the part of the id that a session keeps. */
  readonly #pending = new Map<string, Promise<void>>();
  #questions = 0;

  constructor(
    hub: Hub,
    { letters, peers }: Asker,
    casts: Casts,
    departures: Departures,
    calls: CallsElsewhere,
    names: NamesAcross,
  ) {
    this.#hub = hub;
    this.#letters = letters;
    this.#casts = casts;
    this.#peers = peers;
    this.#departures = departures;
    this.#calls = calls;
    this.#names = names;
    letters.on('claim', async (claim: Claim, from) => {
      const pending = this.#pending.get(claim.own);
      if (pending) await waitAtMost(pending, PAUSE_MS);
      return this.#pending.has(claim.own) ? ARRIVING : departures.find(claim, from);
    });
    letters.on('pass', (passed: PassedMessage) => this.#pass(passed));
    hub.entrance.fetchSession = (id, admission) => this.#fetch(id, admission);
  }

  /** Fetches a session from its node, if the client is the same. Returns undefined if it can be on no other node. */
  #fetch(id: string, admission: Admission): Promise<void> | undefined {
    const [node, own] = [homeOf(id), ownPartOf(id)];
    if (node === undefined || own === undefined) return undefined;
    const pending = this.#pending.get(own);
    if (pending) return pending;
    const first = node === this.#letters.node ? this.#departures.nextOf(own) : node;
    if (first === undefined || this.#peers.isGone(first)) return undefined;
    const fetching = this.#follow(first, claimOf(own, admission), admission)
      .catch((error: unknown) => {
        if (!isVeloxError(error)) this.#hub.observer.failure(error);
      })
      .finally(() => this.#pending.delete(own));
    this.#pending.set(own, fetching);
    return fetching;
  }

  /** Asks one node after the other, until one has the session. */
  async #follow(first: string, claim: Claim, admission: Admission): Promise<void> {
    let node = first;
    for (let hops = 0; hops < MOST_HOPS; hops++) {
      if (this.#peers.isGone(node)) return;
      const found = await this.#ask(node, 'claim', claim);
      const answer = found.is === 'here' ? await this.#take(node, claim, admission, found) : found;
      if (answer.is !== 'moved') return;
      // The session may have been on this node in between.
      const next = answer.to === this.#letters.node ? this.#departures.nextOf(claim.own) : answer.to;
      if (next === undefined) return;
      node = next;
    }
  }

  /** Joins the rooms of a session and keeps its casts before it takes the session itself, so no cast is missed. */
  async #take(
    node: string,
    claim: Claim,
    admission: Admission,
    { name, nameClaim, rooms }: Extract<ClaimAnswer, { is: 'here' }>,
  ): Promise<ClaimAnswer> {
    const { own } = claim;
    const { sessions, messaging } = this.#hub;
    const session = sessions.adopt(admission, own);
    const arriving = new Arriving(session, this.#casts, messaging.rooms);
    session.redirect = arriving.redirect;
    // The hub may be closed meanwhile, or the session evicted.
    const isWanted = (): boolean => !this.#hub.isClosed && sessions.withOwnPart(own) === session;
    try {
      this.#names.arrives(session, nameClaim);
      const known = [
        messaging.names.add(session, name),
        ...rooms.map((room) => messaging.rooms.join(session, room)),
      ];
      await Promise.all(known.flatMap((each) => each ?? []));
      const request: GiveRequest = { ...claim, question: ++this.#questions };
      const answer = isWanted() ? await this.#ask(node, 'give', request) : UNKNOWN;
      if (answer.is === 'given') this.#calls.arrive(session, answer.client.calls);
      if (answer.is === 'given' && isWanted()) this.#receive(session, arriving, node, rooms, answer);
      else {
        messaging.strays?.ended(session); // its calls end with it
        sessions.forget(session);
      }
      return answer;
    } catch (error) {
      sessions.forget(session); // no link can resume it, and no timer ends it
      throw error;
    }
  }

  /** A session has come with all that it has. */
  #receive(
    session: Session,
    arriving: Arriving,
    node: string,
    rooms: readonly string[],
    { client, known: casts }: Extract<ClaimAnswer, { is: 'given' }>,
  ): void {
    const { sessions, messaging } = this.#hub;
    const own = ownPart(session);
    for (const room of rooms) if (!client.rooms.includes(room)) messaging.rooms.leave(session, room);
    // Before the presence of the session is restored, because it may have joined a room while it moved.
    const joined = client.rooms.flatMap((room) => messaging.rooms.join(session, room) ?? []);
    unpackClient(messaging, session, client);
    messaging.callbacks.arriving(session);
    arriving.arrive(casts);
    showClient(messaging, session, client);
    this.#departures.returned(own);
    sessions.leave(session, this.#hub.isClosed);
    // Until then the former node still hears the rooms that the session joined while it moved.
    void Promise.all(joined).then(() => this.#confirm(node, { own, links: client.links }));
    for (const place of client.calls)
      if (![node, this.#letters.node].includes(place.node))
        this.#letters.tell(place.node, 'at', { own, links: client.links });
  }

  /** Repeated until the former node has it: that node passes casts on, also when they are not compared any more. */
  #confirm(node: string, taken: Taken): Promise<unknown> {
    return insist({ letters: this.#letters, peers: this.#peers }, node, 'took', taken, TAKE_MS);
  }

  /** Asks a node repeatedly while the node may be alive and have the session. */
  async #ask(node: string, kind: 'claim' | 'give', claim: Claim | GiveRequest): Promise<ClaimAnswer> {
    const [start, asker] = [performance.now(), { letters: this.#letters, peers: this.#peers }];
    const patience = kind === 'give' ? GIVE_MS : this.#peers.patienceFor(node);
    do {
      const answer = (await insist(asker, node, kind, claim, patience)) as ClaimAnswer | undefined;
      if (answer?.is !== 'arriving') return answer ?? UNKNOWN;
    } while (performance.now() - start < ARRIVE_MS);
    return UNKNOWN;
  }

  /** A message for a session came to its former node. Returns an answer, so that a reply is not repeated. */
  #pass(passed: PassedMessage): true {
    const { own, message, isUrgent = false, volatileKey, cast, rooms, notIn } = passed;
    const how: Sending = volatileKey === undefined ? { isUrgent } : { volatileKey };
    const { sessions, messaging } = this.#hub;
    const session = sessions.withOwnPart(own);
    this.#casts.during(cast === undefined ? undefined : { cast, rooms, notIn }, () => {
      const unpacked = unpackMessage(message);
      if (!session) return this.#departures.send(own, unpacked, how);
      const isRepeated = !this.#calls.noteReply(session, unpacked.text);
      const isRecipient = messaging.rooms.isChosen(session, passed); // the former node knows its former rooms
      if ((isRepeated || !isRecipient) && isHere(session)) return 'dropped';
      if ('volatileKey' in how) return session.sendVolatile(unpacked, how.volatileKey);
      return session.send(unpacked, how.isUrgent);
    });
    return true;
  }
}

/** Orders the messages for a session that arrives: those of the former node first, and each once. */
class Arriving {
  readonly redirect: Redirect;
  readonly #session: Session;
  readonly #casts: Casts;
  readonly #rooms: Rooms;
  readonly #send: (message: Message, how: Sending) => Sent;
  /** The casts that the session has. */
  readonly #seen = new CastSet();
  /** Messages that came before the session; undefined when it is here. */
  #early:
    | { readonly message: Message; readonly how: Sending; readonly cast: CastOfMessage | undefined }[]
    | undefined = [];

  constructor(session: Session, casts: Casts, rooms: Rooms) {
    this.#session = session;
    this.#casts = casts;
    this.#rooms = rooms;
    this.#send = (message, how) => this.#take(message, how, casts.current);
    this.redirect = { is: 'arriving', send: this.#send };
  }

  /** @param known the casts that the former node has heard: those to the session are among its events */
  arrive(known: CastRanges): void {
    this.#seen.addRanges(known);
    const early = this.#early ?? [];
    this.#early = undefined;
    const arrived: Redirect = { is: 'arrived', send: this.#send };
    this.#session.redirect = arrived;
    this.#casts.track(this.#session, this.#seen);
    // The session may have left rooms of a cast since, on its former node.
    for (const { message, how, cast } of early)
      if (this.#rooms.isChosen(this.#session, cast ?? {})) this.#take(message, how, cast);
    setTimeout(() => {
      if (this.#session.redirect !== arrived) return;
      this.#session.redirect = undefined;
      this.#casts.track(this.#session, undefined);
    }, KNOWN_MS).unref();
  }

  #take(message: Message, how: Sending, of: CastOfMessage | undefined): Sent {
    if (this.#early) {
      this.#early.push({ message, how, cast: of });
      return 'queued';
    }
    if (of && this.#seen.has(of.cast)) return 'queued';
    if (of) this.#seen.add(of.cast);
    if ('volatileKey' in how) return this.#session.enqueueVolatile(message, how.volatileKey);
    return this.#session.enqueue(message, how.isUrgent);
  }
}
