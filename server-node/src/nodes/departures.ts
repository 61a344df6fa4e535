import { waitAtMost } from '../diagnostics/deadlines.js';
import type { Hub } from '../hub/hub.js';
import { packClient, type PackedClient } from '../messaging/packed-client.js';
import type { Sent } from '../sessions/event-limits.js';
import { repliedCall } from '../sessions/event-message.js';
import { packMessage } from '../sessions/packed-session.js';
import { isHere, type Sending } from '../sessions/redirect.js';
import type { Session } from '../sessions/session.js';
import type { Message } from '../wire/message.js';
import { insist, type Asker } from './ask.js';
import type { CallsElsewhere } from './calls-elsewhere.js';
import type { Casts } from './casts.js';
import { claimant, type Claim } from './claim.js';
import type { Letters } from './letters.js';
import {
  ANSWER_MS,
  LATE_MS,
  REPEAT_MS,
  type ClaimAnswer,
  type PassedAct,
  type PassedMessage,
  type GiveRequest,
  TAKE_MS,
  type Taken,
} from './moves.js';
import type { NamesAcross } from './names-across.js';
import { performAct } from './perform-act.js';
import type { RemoteCalls } from './remote-calls.js';
import { Successors } from './successors.js';

/** How long a session that has gone is shown here, in ms: its new node shows it by then. */
const LINGER_MS = 1_000;
/** How long a node knows where a session went, in ms. */
const REMEMBERED_MS = 600_000;
/** How long the new node is asked to do something to a session, in ms. */
const ACT_MS = 30_000;
/** How many questions are remembered: a repetition of one comes within seconds. */
const MOST_REFUSED = 1_000;
/** How long a callback of the session's life, or the checks of its frames, may delay its move, in ms: less than a client waits for `hello`. */
const IDLE_MS = 2_000;

/** A session that has gone to another node. */
interface Departure {
  readonly to: string;
  /** How many links the session had had when it left. Later news names a higher number. */
  readonly links: number;
  readonly timer: NodeJS.Timeout;
  /** The session, while late messages may come for it. */
  readonly session?: Session;
  /** The answer, kept until the new node has taken the session, because it may repeat its question. */
  readonly answer?: ClaimAnswer;
}

/** The sessions that go from this node to others. */
export class Departures {
  readonly #hub: Hub;
  readonly #asker: Asker;
  readonly #letters: Letters;
  readonly #casts: Casts;
  readonly #calls: CallsElsewhere;
  readonly #names: NamesAcross;
  readonly #successors: Successors;
  /** By the part of the id that a session keeps. */
  readonly #gone = new Map<string, Departure>();
  /** By node and session: the number of the node's newest request for the session that was refused. */
  readonly #refused = new Map<string, number>();
  /** The newest act for each session, until the new node has performed it. */
  readonly #acts = new Map<string, Promise<unknown>>();

  constructor(
    hub: Hub,
    asker: Asker,
    casts: Casts,
    calls: CallsElsewhere,
    names: NamesAcross,
    remoteCalls: RemoteCalls,
  ) {
    const { letters, peers } = asker;
    this.#hub = hub;
    this.#asker = asker;
    this.#letters = letters;
    this.#casts = casts;
    this.#calls = calls;
    this.#names = names;
    this.#successors = new Successors(hub, asker, this, remoteCalls);
    letters.on('act', (passed: PassedAct) => this.#hear(passed));
    letters.on('give', (request: GiveRequest, from) => this.#give(request, from));
    letters.on('took', (taken: Taken, from) => this.#taken(taken, from));
    letters.on('at', (taken: Taken, from) => this.#follow(taken, from));
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

  /**
   * Answers a claim: whether the session is here, and in which rooms. A node that was given the session and has not taken it yet still gets
   * the answer `here`, because it may have asked repeatedly and received an earlier answer.
   */
  find(claim: Claim, from: string): ClaimAnswer {
    const gone = this.#gone.get(claim.own);
    if (gone?.session && gone.to === from && gone.answer?.is === 'given') {
      return this.#found(gone.session, gone.answer.client);
    }
    if (gone) return { is: 'moved', to: gone.to };
    const session = this.#here(claim);
    if (!session) return { is: 'unknown' };
    return this.#found(session, { name: session.name, rooms: this.#hub.messaging.rooms.of(session) });
  }

  #found(session: Session, { name, rooms }: Pick<PackedClient, 'name' | 'rooms'>): ClaimAnswer {
    return { is: 'here', name, nameClaim: this.#names.claimOf(session), rooms };
  }

  /** Sends a message to the node where a session has gone. */
  send(own: string, message: Message, how: Sending): Sent {
    const to = this.nextOf(own);
    if (to === undefined) return 'dropped';
    const passed: PassedMessage = { own, message: packMessage(message), ...how, ...this.#casts.current };
    if (repliedCall(message.text) === undefined) this.#letters.tell(to, 'pass', passed);
    else void insist(this.#asker, to, 'pass', passed, REPEAT_MS);
    return 'queued';
  }

  /**
   * Performs an act on a session that is here or elsewhere. Resolves when that is done, or after half a minute.
   *
   * @param node where the session is, if it was never here
   */
  async act(passed: PassedAct, node?: string): Promise<void> {
    const { own } = passed;
    const former = this.#acts.get(own);
    const run = (): Promise<void> => this.#act(passed, node);
    const act = former ? former.then(run, run) : run();
    this.#acts.set(own, act);
    try {
      await act;
    } finally {
      if (this.#acts.get(own) === act) this.#acts.delete(own);
    }
  }

  async #act(passed: PassedAct, node: string | undefined): Promise<void> {
    const { own } = passed;
    const session = this.#hub.sessions.withOwnPart(own);
    if (session && isHere(session)) return performAct(this.#hub.messaging, session, passed);
    // A session that is still arriving here is handled as if it were on another node.
    const to = session ? this.#letters.node : (this.nextOf(own) ?? node);
    if (to !== undefined) await insist(this.#asker, to, 'act', passed, ACT_MS);
  }

  /**
   * Performs an act that the application requested on another node; the request may arrive repeatedly. Returns undefined if that node has
   * to ask again.
   */
  async #hear(passed: PassedAct): Promise<unknown> {
    const { own } = passed;
    const session = this.#hub.sessions.withOwnPart(own);
    if (session && !isHere(session)) return undefined;
    const to = this.nextOf(own);
    if (session) await performAct(this.#hub.messaging, session, passed);
    else if (to !== undefined) return this.#letters.ask(to, 'act', passed, ANSWER_MS);
    return true;
  }

  close(): void {
    for (const departure of this.#gone.values()) this.#release(departure);
    this.#gone.clear();
  }

  #here(claim: Claim): Session | undefined {
    const session = this.#hub.sessions.withOwnPart(claim.own);
    return session && this.#hub.sessions.find(session.id, claimant(claim));
  }

  async #give(request: GiveRequest, from: string): Promise<ClaimAnswer> {
    const answer = await this.#answer(request, from);
    if (answer.is !== 'given') {
      this.#refused.set(`${from} ${request.own}`, request.question);
      const [oldest = ''] = this.#refused.keys();
      if (this.#refused.size > MOST_REFUSED) this.#refused.delete(oldest);
    }
    return answer;
  }

  async #answer(request: GiveRequest, from: string): Promise<ClaimAnswer> {
    const { own, question } = request;
    // Continues in another task, because a link that has just found the session opens within its own task.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const session = this.#here(request);
    // Otherwise this node would execute frames after the new node has executed later ones.
    const idle = session && this.#hub.messaging.whenIdle(session);
    if (idle) await waitAtMost(idle, IDLE_MS);
    const gone = this.#gone.get(own);
    if (gone) return (gone.to === from && gone.answer) || { is: 'moved', to: gone.to };
    // Synchronous from here on, so only one of two claims gets the session.
    if (!session || this.#here(request) !== session) return { is: 'unknown' };
    // The session has come back since this request was refused. The node may have received that answer, so it has to ask with a new number.
    if (question <= (this.#refused.get(`${from} ${own}`) ?? 0))
      return { is: 'moved', to: this.#letters.node };
    const { messaging, topics, sessions } = this.#hub;
    const client = packClient(messaging, session, this.#calls.depart(session));
    session.redirect = {
      is: 'gone',
      send: (message, how) => this.#toSuccessor(own, message, how),
      successor: this.#successors.of(own),
    };
    topics.unsubscribeAll(session);
    sessions.depart(session);
    const answer: ClaimAnswer = { is: 'given', client, known: this.#casts.knownTo(session) };
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

  /** A session that has calls here went further: the node in between may die. */
  #follow({ own, links }: Taken, to: string): void {
    const departure = this.#gone.get(own);
    if (!departure || links <= departure.links) return;
    this.#gone.set(own, { ...departure, to, links });
    this.#taken({ own, links }, to); // otherwise it could not have gone further
  }

  /** The new node has the session. Returns an answer, so that the confirmation is not repeated. */
  #taken({ own, links: given }: Taken, by: string): true {
    const departure = this.#gone.get(own);
    if (!departure?.answer || departure.to !== by || given < departure.links) return true;
    const { to, links, session } = departure;
    clearTimeout(departure.timer);
    if (session) setTimeout(() => this.#hub.messaging.moved(session), LINGER_MS).unref();
    const timer = setTimeout(() => this.#leave(own), LATE_MS).unref();
    this.#gone.set(own, { to, links, timer, ...(session && { session }) });
    return true;
  }

  /** Late messages for a session that has gone are over; its new node is still known. */
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
