import {
  CloseCode,
  isVeloxError,
  PROTOCOL_VERSION,
  VeloxError,
  type ClientFrame,
  type Limits,
  type OpenFrame,
} from '@velox/core/protocol';
import { Admissions, type Admission, type Credentials, type Rules } from './admission.js';
import { closeCodeOf } from './codes.js';
import { message, type Message } from './message.js';
import { Observer, type Logger } from './observer.js';
import type { Origins } from './origin.js';
import type { Outlet } from './outlet.js';
import type { Session } from './session.js';
import { Sessions } from './sessions.js';
import { Topics } from './topics.js';

export interface HubOptions<Context = unknown> extends Rules<Context> {
  /** The server says something at least this often, in ms; default 15,000. */
  readonly heartbeat?: number;
  /** How long a session without a link can be resumed, in ms; default 30,000. */
  readonly patience?: number;
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
  /** With a link or without. */
  readonly sessions: number;
  /** Those of them that have no link now and may come back. */
  readonly away: number;
  /** Topics wanted, over all sessions. */
  readonly subscriptions: number;
}

/** Hears an event of a client. */
export type EventHandler = (session: Session, data: unknown) => unknown;

/** A sign of life, the same for everybody. */
export const PING: Message = message({ ping: true });

/** An endpoint without any transport: its topics, its sessions, and what their frames mean. */
export class Hub {
  readonly limits: Limits;
  readonly origins: Origins;
  readonly observer: Observer;
  readonly heartbeat: number;
  readonly topics: Topics;
  /** Whether `close` was called. */
  closed = false;
  readonly #admissions: Admissions;
  readonly #sessions: Sessions;
  readonly #handlers = new Map<string, Set<EventHandler>>();
  readonly #due = new Set<Session>();
  /** Links that have not ended. */
  readonly #links = new Set<Outlet>();
  #onEmpty: () => void = () => undefined;
  #heart: NodeJS.Timeout | undefined;

  constructor(options: HubOptions = {}) {
    const { heartbeat = 15_000, patience = 30_000, limits, origins = [], logger, ...rules } = options;
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.origins = origins;
    this.heartbeat = heartbeat;
    this.observer = new Observer(logger);
    this.#admissions = new Admissions(rules, this.limits, this.observer);
    this.topics = new Topics(this.#admissions, this.limits, this.observer);
    this.#sessions = new Sessions(
      this.#admissions,
      patience,
      (session) => this.#deliver(session),
      (session) => this.#ended(session),
    );
  }

  /** @throws VeloxError `unauthorized`, `forbidden`. */
  admit(credentials: Credentials): Promise<Admission> {
    return this.#admissions.admit(credentials);
  }

  /** Whether the one who was admitted may see a topic. */
  maySee(admission: Admission, topic: string): boolean | Promise<boolean> {
    return this.#admissions.maySee(admission, topic);
  }

  /** The session of that id, if it lives and whoever names it may. */
  session(id: string | undefined, { identity }: Admission): Session | undefined {
    const session = id === undefined ? undefined : this.#sessions.find(id);
    return session?.identity === identity ? session : undefined;
  }

  /**
   * Opens a session on an outlet, or resumes it there; `hello` leaves with the first delivery, and topics are subscribed anew.
   *
   * @throws VeloxError `closed`, `too-many`.
   */
  open(outlet: Outlet, admission: Admission, open: OpenFrame['open'] = {}): Session {
    if (this.closed) throw new VeloxError('going-away', 'the server goes away.');
    const session = this.#sessions.open(outlet, admission, open);
    this.topics.unsubscribeAll(session);
    this.#links.add(outlet);
    this.#heart ??= setInterval(() => this.#beat(), this.heartbeat).unref();
    const { heartbeat, limits } = this;
    const { id, taken: ack, dropped } = session;
    const lost = dropped > 0 && { dropped };
    session.notify({ hello: { protocol: PROTOCOL_VERSION, session: id, heartbeat, limits, ack, ...lost } });
    this.observer.publish('connect', () => ({ transport: outlet.transport, identity: admission.identity }));
    return session;
  }

  /**
   * A session's link ended. Idempotent.
   *
   * @param named whether the client opened it by an open frame, and so may name the session when it comes back
   */
  leave(session: Session, outlet: Outlet, reason: string, named = true): void {
    if (!this.#links.delete(outlet)) return;
    this.observer.publish('close', () => ({ transport: outlet.transport, reason }));
    if (this.#links.size === 0) this.#onEmpty();
    if (!session.detach(outlet)) return;
    this.topics.unsubscribeAll(session);
    this.#sessions.leave(session, (named || session.taken > 0) && !this.closed);
  }

  /**
   * Takes a new token of a live session. One that is refused, or is somebody else's, ends it: what it may see is that of one
   * identity. Otherwise rights are asked for again.
   */
  async renew(session: Session, credentials: Credentials): Promise<void> {
    try {
      const admission = await this.#admissions.admit(credentials);
      if (admission.identity !== session.identity) {
        throw new VeloxError('forbidden', 'a session keeps its identity. Open a new one.');
      }
      session.admission = admission;
      await Promise.all([...session.topics].map((topic) => this.topics.ask(session, topic)));
    } catch (error) {
      this.fail(session, error);
    }
  }

  /** Hears the events of a name, of all clients; returns the end of it. */
  on(event: string, handler: EventHandler): () => void {
    let handlers = this.#handlers.get(event);
    if (!handlers) this.#handlers.set(event, (handlers = new Set()));
    handlers.add(handler);
    return () => void handlers.delete(handler);
  }

  /**
   * Does what a client's frame says; a numbered one once, however often it comes.
   *
   * @param credentials of the request that brought it, but for the token
   * @throws VeloxError `bad-frame`, `too-many`.
   */
  receive(session: Session, frame: ClientFrame, credentials: Omit<Credentials, 'token'>): void {
    if ('seq' in frame && frame.seq !== undefined) {
      const isNew = session.take(frame.seq);
      this.#deliver(session); // the acknowledgement
      if (!isNew) return;
    }
    if ('event' in frame) this.#dispatch(session, frame.event, frame.data);
    else if ('subscribe' in frame) {
      for (const { topic = '', ...known } of frame.subscribe) this.topics.subscribe(session, topic, known);
    } else if ('unsubscribe' in frame) {
      for (const topic of frame.unsubscribe) this.topics.unsubscribe(session, topic);
    } else if ('auth' in frame) void this.renew(session, { ...credentials, token: frame.auth });
    else if ('ack' in frame) session.acknowledge(frame.ack);
    else if ('ping' in frame) session.ping(PING);
    else throw new VeloxError('bad-frame', 'the peer sent an open frame on an open link.');
  }

  /** Asks `canSubscribe` again; nothing of a topic leaves to a session until it has answered. Resolves when all have. */
  async recheck(filter: (context: unknown, topic: string) => boolean = () => true): Promise<void> {
    const asked = [...this.#sessions.all].flatMap((session) =>
      [...session.topics]
        .filter((topic) => filter(session.context, topic))
        .map((topic) => this.topics.ask(session, topic)),
    );
    await Promise.all(asked);
  }

  stats(): HubStats {
    const { topics } = this;
    const { size: sessions, away } = this.#sessions;
    return { topics: topics.size, sessions, away, subscriptions: topics.subscriptions };
  }

  /**
   * Ends all sessions with a goodbye; the endpoint takes no more. Resolves when all links have ended, or after 5 s.
   *
   * @param drain spreads the return of the clients evenly over so many ms; 0: each comes back as usual
   */
  async close(drain = 0): Promise<void> {
    this.closed = true;
    const sessions = [...this.#sessions.all];
    const ended = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    sessions.forEach((session, at) => {
      const retry = drain > 0 && { retry: Math.round(((at + 0.5) / sessions.length) * drain) };
      session.close(CloseCode.goingAway, { code: 'going-away', reason: 'The server goes away.', ...retry });
      this.#sessions.end(session);
    });
    if (this.#links.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, 5_000)))]);
    clearTimeout(timer);
  }

  /** Ends a session for what its client did, or for what went wrong in serving it. */
  fail(session: Session, error: unknown): void {
    if (!isVeloxError(error)) this.observer.failure(error);
    session.close(closeCodeOf(error), {
      code: isVeloxError(error) ? error.code : 'internal',
      reason: isVeloxError(error) ? error.message : 'The server failed.',
    });
    this.#sessions.end(session);
  }

  #dispatch(session: Session, event: string, data: unknown): void {
    for (const handler of this.#handlers.get(event) ?? []) {
      try {
        const result = handler(session, data);
        if (result instanceof Promise) result.catch((error) => this.observer.failure(error));
      } catch (error) {
        this.observer.failure(error);
      }
    }
  }

  #ended(session: Session): void {
    this.topics.unsubscribeAll(session);
    this.#due.delete(session);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#heart);
    this.#heart = undefined;
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
    for (const session of this.#sessions.all) session.ping(PING);
  }
}
