import {
  CloseCode,
  isVeloxError,
  PROTOCOL_VERSION,
  VeloxError,
  type Bye,
  type ClientFrame,
  type Limits,
  type OpenFrame,
} from '@velox/core/protocol';
import { Admissions, type Admission, type Credentials } from '../access/admission.js';
import { closeCodeOf } from '../wire/codes.js';
import { Deliveries } from '../sessions/deliveries.js';
import { EventHandlers, type EventHandler } from '../messaging/event-handlers.js';
import { limitsOf, MOST, type HubOptions, type HubStats } from './hub-options.js';
import { Observer } from '../diagnostics/observer.js';
import type { Origins } from '../access/origin.js';
import type { Outlet } from '../wire/outlet.js';
import { Renewals } from '../sessions/renewals.js';
import type { Session } from '../sessions/session.js';
import { Sessions } from '../sessions/sessions.js';
import { Topics } from '../topics/topics.js';

/** How many values are looked at in one heartbeat, to have copies checked: a few ms. */
const CHECKED = 20_000;

/** When a client may come back whose frames ended its session, in ms: it might do the same again. */
const PENALTY = 5_000;

/** Frames that come along with an open frame, and the request that brings them. */
export interface Opening {
  readonly frames: readonly ClientFrame[];
  readonly credentials: Omit<Credentials, 'token'>;
}

/** An endpoint without any transport: its topics, its sessions, and what their frames mean. */
export class Hub {
  readonly limits: Limits;
  readonly origins: Origins;
  readonly observer: Observer;
  readonly heartbeat: number;
  readonly compression: boolean;
  readonly topics: Topics;
  /** Whether `close` was called. */
  closed = false;
  readonly #admissions: Admissions;
  readonly #sessions: Sessions;
  readonly #renewals: Renewals;
  readonly #handlers: EventHandlers;
  /** Links that have not ended. */
  readonly #links = new Set<Outlet>();
  #onEmpty: () => void = () => undefined;
  #heart: NodeJS.Timeout | undefined;

  constructor(options: HubOptions = {}) {
    const { heartbeat = 15_000, patience = 30_000, compression = true, ...others } = options;
    const { limits, origins = [], logger, ...rules } = others;
    this.limits = limitsOf(limits);
    this.origins = origins;
    this.heartbeat = heartbeat > 0 ? Math.min(heartbeat, MOST) : MOST;
    this.compression = compression;
    this.observer = new Observer(logger);
    this.#admissions = new Admissions(rules, this.limits, this.observer);
    this.topics = new Topics(this.#admissions, this.limits, this.observer, compression);
    this.#handlers = new EventHandlers(this.observer);
    this.#renewals = new Renewals(this.#admissions, this.topics, (session, error) =>
      this.fail(session, error),
    );
    const deliveries = new Deliveries(this.observer, (session, error) => this.fail(session, error));
    this.#sessions = new Sessions(
      this.#admissions,
      this.limits,
      Math.min(patience, MOST),
      (session) => deliveries.add(session),
      (session) => this.#ended(session),
    );
  }

  /** Whether the application asks who a client is: only then the requests that brought it are of use later. */
  get asksWho(): boolean {
    return this.#admissions.hasAuthorize;
  }

  /** @throws VeloxError `unauthorized`, `forbidden`; Error where `identify` fails. */
  admit(credentials: Credentials): Admission | Promise<Admission> {
    return this.#admissions.admit(credentials);
  }

  /** Whether the one who was admitted may see a topic. */
  maySee(admission: Admission, topic: string): boolean | Promise<boolean> {
    return this.#admissions.maySee(admission, topic);
  }

  /** The session of that id, if it lives and whoever names it may. */
  session(id: string | undefined, { identity }: Admission): Session | undefined {
    const session = id === undefined ? undefined : this.#sessions.find(id);
    if (!session || session.identity !== identity) return undefined;
    session.isNamed = true;
    return session;
  }

  /**
   * Opens a session on an outlet, or resumes it there; `hello` leaves with the first delivery, and topics are subscribed anew.
   * Where a frame that came along is refused, so is the link, and the session ends: nothing was written, and the refusal is the
   * transport's to say.
   *
   * @throws VeloxError `going-away`, `too-many`, and as `receive`.
   */
  open(outlet: Outlet, admission: Admission, open?: OpenFrame['open'], along?: Opening): Session {
    if (this.closed) throw new VeloxError('going-away', 'the server goes away.');
    const session = this.#sessions.open(outlet, admission, open ?? {});
    session.isNamed ||= open !== undefined;
    this.topics.unsubscribeAll(session);
    this.#links.add(outlet);
    this.#heart ??= setInterval(() => this.#beat(), this.heartbeat).unref();
    const { heartbeat, limits } = this;
    const { id, taken: ack, dropped } = session;
    const lost = dropped > 0 && { dropped };
    session.greet({ protocol: PROTOCOL_VERSION, session: id, heartbeat, limits, ack, ...lost });
    this.observer.publish('connect', () => ({ transport: outlet.transport, identity: admission.identity }));
    try {
      if (along) for (const frame of along.frames) this.receive(session, frame, along.credentials);
    } catch (error) {
      this.leave(session, outlet, 'refused');
      this.#sessions.end(session);
      throw error;
    }
    return session;
  }

  /** A session's link ended. Idempotent. */
  leave(session: Session, outlet: Outlet, reason: string): void {
    if (!this.#links.delete(outlet)) return;
    this.observer.publish('close', () => ({ transport: outlet.transport, reason }));
    if (this.#links.size === 0) this.#onEmpty();
    if (!session.detach(outlet)) return;
    this.topics.unsubscribeAll(session);
    this.#sessions.leave(session, session.isNamed && !this.closed);
  }

  /** Hears the events of a name, of all clients; returns the end of it. */
  on(event: string, handler: EventHandler): () => void {
    return this.#handlers.on(event, handler);
  }

  /**
   * Does what a client's frame says; a numbered one once, however often it comes.
   *
   * @param credentials of the request that brought it, but for the token
   * @throws VeloxError `bad-frame`, `too-many`, `too-long`.
   */
  receive(session: Session, frame: ClientFrame, credentials: Omit<Credentials, 'token'>): void {
    if (!session.rate.take())
      throw new VeloxError('too-many', 'the peer sent more frames than the limits allow.');
    if ('seq' in frame && frame.seq !== undefined && !session.take(frame.seq)) return;
    if ('event' in frame) this.#handlers.dispatch(session, frame.event, frame.data);
    else if ('subscribe' in frame) {
      if (frame.subscribe.length > this.limits.subscriptions)
        throw new VeloxError('too-many', 'a frame names more topics than the limits allow.');
      for (const { topic = '', id, version, diverged } of frame.subscribe) {
        if (diverged !== undefined) this.#diverged(session, topic);
        const known = id !== undefined && version !== undefined ? { id, version } : undefined;
        this.topics.subscribe(session, topic, known);
      }
    } else if ('unsubscribe' in frame) {
      for (const topic of frame.unsubscribe) this.topics.unsubscribe(session, topic);
    } else if ('auth' in frame) void this.#renewals.renew(session, { ...credentials, token: frame.auth });
    else if ('ack' in frame) session.acknowledge(frame.ack);
    else if ('ping' in frame) session.ping();
    else throw new VeloxError('bad-frame', 'the peer sent an open frame on an open link.');
  }

  /** Asks `canSubscribe` again; nothing of a topic leaves to a session until it has answered. Resolves when all have. */
  async recheck(filter: (context: unknown, topic: string) => boolean = () => true): Promise<void> {
    const asked = [...this.#sessions.all].flatMap((session) =>
      [...session.topics.names]
        .filter((topic) => filter(session.context, topic))
        .map((topic) => this.topics.ask(session, topic)),
    );
    await Promise.all(asked);
  }

  stats(): HubStats {
    const { size: topics, subscriptions } = this.topics;
    const { size: sessions, away, waiting, traffic } = this.#sessions;
    return { topics, sessions, away, subscriptions, waiting, ...traffic };
  }

  /**
   * Ends all sessions with a goodbye; the endpoint takes no more. Resolves when all links have ended, or after 5 s.
   *
   * @param drain spreads the return of the clients evenly over so many ms; 0: each comes back as usual
   */
  async close(drain = 0): Promise<void> {
    this.closed = true;
    const sessions = [...this.#sessions.all];
    const ended = new Promise<void>((resolve) => {
      const others = this.#onEmpty; // it may be called twice
      this.#onEmpty = () => (others(), resolve());
    });
    sessions.forEach((session, at) => {
      const retry = drain > 0 && { retry: Math.round(((at + 0.5) / sessions.length) * drain) };
      this.#end(session, CloseCode.goingAway, {
        code: 'going-away',
        reason: 'The server goes away.',
        ...retry,
      });
    });
    this.topics.close();
    if (this.#links.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, 5_000)))]);
    clearTimeout(timer);
  }

  /** Ends a session for what its client did, or for what went wrong in serving it. */
  fail(session: Session, error: unknown): void {
    if (!isVeloxError(error)) this.observer.failure(error);
    const { code, message } = isVeloxError(error)
      ? error
      : { code: 'internal', message: 'The server failed.' };
    // What a client may not do it will not be let do at once; who may not be here is told by the code alone.
    const retry = code !== 'unauthorized' && code !== 'forbidden' && { retry: PENALTY };
    this.#end(session, closeCodeOf(error), { code, reason: message, ...retry });
  }

  /** Whatever is wrong with its link, a session that is to end does, and nobody else notices. */
  #end(session: Session, code: number, bye: Bye): void {
    try {
      session.close(code, bye);
    } catch (error) {
      this.observer.failure(error);
    } finally {
      this.#sessions.end(session);
    }
  }

  #ended(session: Session): void {
    this.topics.unsubscribeAll(session);
    this.#renewals.forget(session);
    session.isDue = false;
    if (this.#sessions.size > 0) return;
    clearInterval(this.#heart);
    this.#heart = undefined;
  }

  #diverged({ identity, transport }: Session, topic: string): void {
    this.#sessions.traffic.diverged++;
    this.observer.log('warn', 'diverged', { topic, identity, transport });
  }

  #beat(): void {
    const budget = { left: CHECKED };
    for (const session of this.#sessions.all) session.beat(budget);
  }
}
