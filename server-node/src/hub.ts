import {
  CloseCode,
  isVeloxError,
  PROTOCOL_VERSION,
  VeloxError,
  type ClientFrame,
  type Limits,
  type Position,
} from '@velox/core/protocol';
import { Admissions, type Admission, type Credentials, type Rules } from './admission.js';
import { Broadcast } from './broadcast.js';
import { message } from './message.js';
import { Observer, type Logger } from './observer.js';
import type { Origins } from './origin.js';
import type { Outlet } from './outlet.js';
import { Session } from './session.js';
import type { State } from './state.js';

export interface HubOptions<Context = unknown> extends Rules<Context> {
  /** The server says something at least this often, in ms; default 15,000. */
  readonly heartbeat?: number;
  /** Default: {@link DEFAULT_LIMITS}; announced in `hello`. */
  readonly limits?: Partial<Limits>;
  /** Origins that may open a WebSocket and read across origins, beside the endpoint's own host; default none. */
  readonly origins?: Origins;
  /** Takes what is worth a line in a log; default: silence. */
  readonly logger?: Logger;
}

export const DEFAULT_LIMITS: Limits = {
  frame: 1 << 20,
  depth: 500,
  subscriptions: 1_000,
  sessionsPerIdentity: 100,
  sessions: 100_000,
  patch: 1 << 20,
  handshake: 10_000,
};

/** What a hub holds, at a glance. */
export interface HubStats {
  readonly topics: number;
  readonly sessions: number;
  /** Topics wanted, over all sessions. */
  readonly subscriptions: number;
}

const PING = message({ ping: true });

/** An endpoint without any transport: its topics, its sessions, and what their frames mean. */
export class Hub {
  readonly limits: Limits;
  readonly origins: Origins;
  readonly observer: Observer;
  /** Whether `close` was called. */
  closed = false;
  readonly #admissions: Admissions;
  readonly #heartbeat: number;
  readonly #broadcasts = new Map<string, Broadcast>();
  /** Who wants a topic, whether it exists or not, and whether they may have it or not. */
  readonly #audiences = new Map<string, Set<Session>>();
  readonly #sessions = new Set<Session>();
  readonly #due = new Set<Session>();
  #heart: NodeJS.Timeout | undefined;

  constructor({ heartbeat = 15_000, limits, origins = [], logger, ...rules }: HubOptions = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.origins = origins;
    this.observer = new Observer(logger);
    this.#heartbeat = heartbeat;
    this.#admissions = new Admissions(rules, this.limits, this.observer);
  }

  /** Publishes a state under a topic's name, in place of a former one; sessions that wait for it get it. */
  publish(topic: string, state: State<unknown>): void {
    this.remove(topic);
    const broadcast = new Broadcast(topic, state, this.limits.patch);
    this.#broadcasts.set(topic, broadcast);
    broadcast.end = state.onRevision(() => {
      this.observer.publish('revision', () => ({ topic, ...state.position() }));
      for (const session of this.#audiences.get(topic) ?? []) {
        if (session.touch(topic)) this.#deliver(session);
      }
    });
    for (const session of this.#audiences.get(topic) ?? []) void this.#ask(session, topic);
  }

  /** Takes a topic away; sessions that have it are told that there is none. Returns whether there was one. */
  remove(topic: string): boolean {
    const broadcast = this.#broadcasts.get(topic);
    if (!broadcast) return false;
    broadcast.end();
    this.#broadcasts.delete(topic);
    for (const session of this.#audiences.get(topic) ?? []) void this.#ask(session, topic);
    return true;
  }

  find(topic: string): Broadcast | undefined {
    return this.#broadcasts.get(topic);
  }

  /** @throws VeloxError `unauthorized`, `forbidden`. */
  admit(credentials: Credentials): Promise<Admission> {
    return this.#admissions.admit(credentials);
  }

  /** Whether the one who was admitted may see a topic. */
  maySee(admission: Admission, topic: string): boolean | Promise<boolean> {
    return this.#admissions.maySee(admission, topic);
  }

  /**
   * Opens a session on an outlet; `hello` leaves with the first delivery.
   *
   * @throws VeloxError `closed`, `too-many`.
   */
  open(outlet: Outlet, admission: Admission): Session {
    if (this.closed) throw new VeloxError('closed', 'the server goes away.');
    this.#admissions.enter(admission);
    const session = new Session(outlet, admission);
    this.#sessions.add(session);
    this.#heart ??= setInterval(() => this.#beat(), this.#heartbeat).unref();
    session.send({
      hello: {
        protocol: PROTOCOL_VERSION,
        session: session.id,
        heartbeat: this.#heartbeat,
        limits: this.limits,
      },
    });
    this.observer.publish('connect', () => ({ transport: outlet.transport, identity: admission.identity }));
    this.#deliver(session);
    return session;
  }

  /** Forgets a session whose link ended. Idempotent. */
  leave(session: Session, reason: string): void {
    if (!this.#sessions.delete(session)) return;
    for (const topic of [...session.topics]) this.#unsubscribe(session, topic);
    this.#due.delete(session);
    this.#admissions.leave(session.admission);
    this.observer.publish('close', () => ({ transport: session.transport, reason }));
    if (this.#sessions.size > 0) return;
    clearInterval(this.#heart);
    this.#heart = undefined;
  }

  /**
   * Does what a client's frame says.
   *
   * @throws VeloxError `bad-frame`, `too-many`.
   */
  receive(session: Session, frame: ClientFrame): void {
    if ('subscribe' in frame) {
      for (const { topic = '', ...known } of frame.subscribe) this.subscribe(session, topic, known);
    } else if ('unsubscribe' in frame) {
      for (const topic of frame.unsubscribe) this.#unsubscribe(session, topic);
    } else if ('ping' in frame) {
      session.ping(PING);
    } else {
      throw new VeloxError('bad-frame', 'the peer sent a second open frame.');
    }
  }

  /** @throws VeloxError `too-many`. */
  subscribe(session: Session, topic: string, known: Partial<Position>): void {
    if (session.want(topic, known) > this.limits.subscriptions) {
      throw new VeloxError('too-many', 'there are as many subscriptions as the limits allow.');
    }
    let audience = this.#audiences.get(topic);
    if (!audience) this.#audiences.set(topic, (audience = new Set()));
    audience.add(session);
    void this.#ask(session, topic);
  }

  /** Asks `canSubscribe` again; nothing of a topic leaves to a session until it has answered. Resolves when all have. */
  async recheck(filter: (context: unknown, topic: string) => boolean = () => true): Promise<void> {
    const asked = [...this.#sessions].flatMap((session) =>
      [...session.topics]
        .filter((topic) => filter(session.admission.context, topic))
        .map((topic) => this.#ask(session, topic)),
    );
    await Promise.all(asked);
  }

  stats(): HubStats {
    let subscriptions = 0;
    for (const audience of this.#audiences.values()) subscriptions += audience.size;
    return { topics: this.#broadcasts.size, sessions: this.#sessions.size, subscriptions };
  }

  /** Ends all sessions with a goodbye; the endpoint takes no more. Clients come back as usual, to whoever listens then. */
  close(): void {
    this.closed = true;
    for (const session of this.#sessions) {
      session.close(CloseCode.goingAway, { code: 'going-away', reason: 'The server goes away.' });
    }
  }

  /** Ends a session for what its client did, or for what went wrong in serving it. */
  fail(session: Session, error: unknown): void {
    if (!isVeloxError(error)) this.observer.failure(error);
    session.close(closeCodeOf(error), {
      code: isVeloxError(error) ? error.code : 'internal',
      reason: isVeloxError(error) ? error.message : 'The server failed.',
    });
  }

  #unsubscribe(session: Session, topic: string): void {
    session.drop(topic);
    const audience = this.#audiences.get(topic);
    audience?.delete(session);
    if (audience?.size === 0) this.#audiences.delete(topic);
  }

  /** Lets a session have a topic that it wants, or tells it that it may not; only the newest question counts. */
  async #ask(session: Session, topic: string): Promise<void> {
    const question = session.hold(topic);
    const answer = this.#admissions.maySee(session.admission, topic);
    const allowed = typeof answer === 'boolean' ? answer : await answer;
    // From here on without a pause: between position and membership no revision may fall.
    if (!session.isWaiting(topic, question)) return;
    const broadcast = this.#broadcasts.get(topic);
    if (allowed && broadcast) session.join(broadcast);
    else session.deny(topic, allowed ? 'not-found' : 'forbidden');
    this.observer.publish('subscribe', () => ({ topic, allowed, identity: session.admission.identity }));
    this.#deliver(session);
  }

  /** What one tick produces for a session leaves in one write: after all flushes of this tick. */
  #deliver(session: Session): void {
    if (this.#due.size === 0) queueMicrotask(() => this.#deliverAll());
    this.#due.add(session);
  }

  #deliverAll(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const session of due) {
      try {
        session.deliver();
      } catch (error) {
        this.fail(session, error);
      }
    }
    this.observer.publish('deliver', () => ({ sessions: due.length }));
  }

  #beat(): void {
    for (const session of this.#sessions) session.ping(PING);
  }
}

/** The close code that goes with an error. */
export function closeCodeOf(error: unknown): number {
  if (!isVeloxError(error)) return CloseCode.internal;
  switch (error.code) {
    case 'unauthorized':
      return CloseCode.unauthorized;
    case 'forbidden':
      return CloseCode.forbidden;
    case 'too-many':
      return CloseCode.tooMany;
    case 'timeout':
      return CloseCode.timeout;
    case 'closed':
      return CloseCode.goingAway;
    default:
      return CloseCode.badFrame;
  }
}
