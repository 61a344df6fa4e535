import type { Hub } from '../hub/hub.js';
import { packClient } from '../messaging/packed-client.js';
import type { Sent } from '../sessions/event-limits.js';
import { packMessage } from '../sessions/parcel.js';
import type { Sending } from '../sessions/redirect.js';
import type { Session } from '../sessions/session.js';
import type { Message } from '../wire/message.js';
import type { CallsElsewhere } from './calls-elsewhere.js';
import type { Casts } from './casts.js';
import { claimant, type Claim } from './claim.js';
import type { Letters } from './letters.js';
import type { ClaimAnswer, PassedAct, PassedMessage } from './moves.js';
import type { Peers } from './peers.js';

/** How long a session that has gone stays in its rooms here, in ms: messages of other nodes may be late. */
const LINGER_MS = 1_000;
/** How long the new node may take to say that it has the session, in ms. */
const TAKE_MS = 10_000;
/** How long a node knows where a session went, in ms. */
const REMEMBERED_MS = 600_000;
/** How long a callback of the session's life may delay its move, in ms. */
const CALLBACK_MS = 500;

/** A session that has gone to another node. */
interface Departure {
  readonly to: string;
  /** How many links the session had had when it went there: later news have more. */
  readonly links: number;
  readonly timer: NodeJS.Timeout;
  /** The session, while late messages may come for it. */
  readonly session?: Session;
  /** The answer, until the new node has taken the session: it may ask again. */
  readonly answer?: ClaimAnswer;
}

/** The sessions that go from this node to others. */
export class Departures {
  readonly #hub: Hub;
  readonly #letters: Letters;
  readonly #casts: Casts;
  readonly #calls: CallsElsewhere;
  /** By the part of the id that a session keeps. */
  readonly #gone = new Map<string, Departure>();

  constructor(hub: Hub, letters: Letters, casts: Casts, peers: Peers, calls: CallsElsewhere) {
    this.#hub = hub;
    this.#letters = letters;
    this.#casts = casts;
    this.#calls = calls;
    letters.on('give', (claim: Claim, from) => this.#give(claim, from));
    letters.on('took', ({ own }: { own: string }, from) => this.#taken(own, from));
    letters.on('at', ({ own, links }: { own: string; links: number }, from) =>
      this.#follow(own, links, from),
    );
    peers.onGone((node) => {
      for (const [own, { to }] of [...this.#gone]) if (to === node) this.#lose(own);
    });
  }

  /** The node to which a session has gone; undefined if it has not. */
  nextOf(own: string): string | undefined {
    return this.#gone.get(own)?.to;
  }

  /** A session has come back. */
  returned(own: string): void {
    const departure = this.#gone.get(own);
    this.#gone.delete(own);
    this.#release(departure);
  }

  /** Answers a claim: whether the session is here, and in which rooms. */
  find(claim: Claim): ClaimAnswer {
    const gone = this.#gone.get(claim.own);
    if (gone) return { is: 'moved', to: gone.to };
    const session = this.#here(claim);
    if (!session) return { is: 'unknown' };
    const { names, rooms } = this.#hub.messaging;
    return { is: 'here', name: names.of(session), rooms: rooms.of(session) };
  }

  /** Sends a message to the node where a session has gone. */
  send(own: string, message: Message, how: Sending): Sent {
    const to = this.nextOf(own);
    if (to === undefined) return 'dropped';
    const cast = this.#casts.current;
    const passed: PassedMessage = { own, message: packMessage(message), ...how, ...(cast && { cast }) };
    this.#letters.tell(to, 'pass', passed);
    return 'queued';
  }

  /** Does something to a session that has gone. */
  act(passed: PassedAct): void {
    const to = this.nextOf(passed.own);
    if (to !== undefined) this.#letters.tell(to, 'act', passed);
  }

  close(): void {
    for (const { timer } of this.#gone.values()) clearTimeout(timer);
    this.#gone.clear();
  }

  #here(claim: Claim): Session | undefined {
    const session = this.#hub.sessions.withOwnPart(claim.own);
    return session && this.#hub.sessions.find(session.id, claimant(claim));
  }

  async #give(claim: Claim, from: string): Promise<ClaimAnswer> {
    const { own } = claim;
    // A task of its own: a link that has just found the session opens within its task.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const session = this.#here(claim);
    const free = session && this.#hub.messaging.lifeCycle.whenFree(session);
    if (free) await Promise.race([free, new Promise((resolve) => setTimeout(resolve, CALLBACK_MS).unref())]);
    const gone = this.#gone.get(own);
    if (gone) return (gone.to === from && gone.answer) || { is: 'moved', to: gone.to };
    // Synchronous from here on: of two claims, one gets the session.
    if (!session || this.#here(claim) !== session) return { is: 'unknown' };
    const { messaging, topics, sessions } = this.#hub;
    const client = packClient(messaging, session, this.#calls.depart(session));
    session.redirect = {
      is: 'gone',
      send: (message, how) => this.#toSuccessor(own, message, how),
      successor: {
        join: (room) => this.act({ own, act: 'join', room }),
        enter: (room) => this.#enter(own, room),
        leave: (room) => this.act({ own, act: 'leave', room }),
        close: (code, reason) => this.act({ own, act: 'close', code, reason }),
      },
    };
    topics.unsubscribeAll(session);
    sessions.depart(session);
    const answer: ClaimAnswer = { is: 'given', client, known: this.#casts.known() };
    const timer = setTimeout(() => this.#leave(own), TAKE_MS).unref();
    this.#gone.set(own, { to: from, links: client.links, session, answer, timer });
    this.#hub.observer.publish('move', () => ({ to: from, identity: session.identity }));
    return answer;
  }

  /** Sends a message for a session that has gone, and may have come back. */
  #toSuccessor(own: string, message: Message, how: Sending): Sent {
    this.#calls.settle(own);
    const session = this.#hub.sessions.withOwnPart(own);
    if (!session) return this.send(own, message, how);
    this.#calls.noteReply(session, message.text);
    if ('volatileKey' in how) return session.sendVolatile(message, how.volatileKey);
    return session.send(message, how.isUrgent);
  }

  /** The application allowed a room after the session had gone, and the session may have come back. */
  #enter(own: string, room: string): void {
    const session = this.#hub.sessions.withOwnPart(own);
    if (session) this.#hub.messaging.hubCalls.enter(session, room);
    else this.act({ own, act: 'enter', room });
  }

  /** A session that has calls here went further: the node in between may die. */
  #follow(own: string, links: number, to: string): void {
    const departure = this.#gone.get(own);
    if (departure && links > departure.links) this.#gone.set(own, { ...departure, to, links });
  }

  /** The new node has the session. */
  #taken(own: string, by: string): void {
    const departure = this.#gone.get(own);
    if (!departure?.answer || departure.to !== by) return;
    const { to, links, session } = departure;
    clearTimeout(departure.timer);
    const timer = setTimeout(() => this.#leave(own), LINGER_MS).unref();
    this.#gone.set(own, { to, links, timer, ...(session && { session }) });
  }

  /** Nothing comes any more for a session that has gone; its way is still known. */
  #leave(own: string): void {
    const departure = this.#gone.get(own);
    if (!departure) return;
    const timer = setTimeout(() => this.#gone.delete(own), REMEMBERED_MS).unref();
    this.#gone.set(own, { to: departure.to, links: departure.links, timer });
    this.#release(departure);
  }

  /** The node to which a session went is gone, and the session with it. */
  #lose(own: string): void {
    this.returned(own);
    this.#calls.end(own);
  }

  #release(departure: Departure | undefined): void {
    clearTimeout(departure?.timer);
    if (departure?.session) this.#hub.sessions.forget(departure.session);
  }
}
