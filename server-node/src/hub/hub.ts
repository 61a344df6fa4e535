import {
  CloseCode,
  isVeloxError,
  type Bye,
  type ClientFrame,
  type Limits,
  type OpenFrame,
} from '@velox/core/protocol';
import { Addresses } from '../access/addresses.js';
import { Admissions, type Admission, type Credentials } from '../access/admission.js';
import { closeCodeOf, goingAway, INTERNAL } from '../wire/codes.js';
import { DEFAULT_EVENT_LIMITS } from '../sessions/event-limits.js';
import { Deliveries } from '../sessions/deliveries.js';
import { commonHello } from '../sessions/common-hello.js';
import { Entities } from '../entities/entities.js';
import { Messaging, type MessagingRules } from '../messaging/messaging.js';
import { Heartbeat, HEARTBEAT_MS } from '../sessions/heartbeat.js';
import { IdleWatch } from '../sessions/idle-watch.js';
import { limitsOf, MOST, serverLimitsOf, type HubOptions, type ServerLimits } from './hub-options.js';
import { statsOf, type HubStats } from './hub-stats.js';
import { waitAtMost } from '../diagnostics/deadlines.js';
import { attempt } from '../diagnostics/maybe-promise.js';
import { Observer } from '../diagnostics/observer.js';
import type { Origins } from '../access/origin.js';
import { Entrance, type Guest } from './entrance.js';
import type { Outlet } from '../wire/outlet.js';
import { recheck } from './recheck.js';
import { receive, type Receivers } from './receive.js';
import { Renewals } from '../sessions/renewals.js';
import type { Session } from '../sessions/session.js';
import { randomNode, Sessions } from '../sessions/sessions.js';
import { SharedStates } from '../topics/shared-states.js';
import { Topics } from '../topics/topics.js';
import { Views } from '../views/views.js';

/** When a client may come back if its frames ended its session, in ms: it might send them again. */
const PENALTY_MS = 5_000;

/** Frames that accompany an open frame, and the request that brought them. */
export interface Opening {
  readonly frames: readonly ClientFrame[];
  readonly credentials: Omit<Credentials, 'token'>;
}

/** An endpoint without transports: its topics, its sessions and their rules. */
export class Hub {
  /** The limits that `hello` announces. */
  readonly limits: Limits;
  readonly serverLimits: ServerLimits;
  readonly origins: Origins;
  readonly observer: Observer;
  readonly heartbeat: number;
  readonly compression: boolean;
  /** The name of this node in its cluster; undefined without a backplane. */
  readonly node: string | undefined;
  /** The option of that name. */
  readonly version2: boolean | undefined;
  /** Whether answers of `fetch` may be compressed, too. */
  readonly compressesFetch: boolean;
  /** The rules of access, and the limits. */
  readonly admissions: Admissions;
  readonly topics: Topics;
  readonly entities: Entities;
  readonly views: Views;
  readonly messaging: Messaging;
  readonly shared: SharedStates;
  readonly entrance: Entrance;
  /** Whether `close` was called. */
  isClosed = false;
  readonly sessions: Sessions;
  readonly #receivers: Receivers;
  /** See `commonHello`. */
  readonly #hello: string;
  /** Links that have not ended. */
  readonly #links = new Set<Outlet>();
  #onEmpty: () => void = () => undefined;
  readonly #heartbeat: Heartbeat;
  readonly #idleWatch: IdleWatch;

  constructor(options: HubOptions = {}) {
    const { heartbeat = HEARTBEAT_MS, patience = 30_000, compression = true, ...others } = options;
    const { limits, origins = [], logger, version2, trustProxy, backplane, events, ...rules } = others;
    this.limits = limitsOf(limits);
    this.serverLimits = serverLimitsOf(limits);
    this.origins = origins;
    this.heartbeat = heartbeat > 0 ? Math.min(heartbeat, MOST) : MOST;
    this.#hello = commonHello(this.heartbeat, this.limits);
    this.node = backplane && randomNode();
    this.version2 = version2;
    this.compression = compression !== false;
    this.compressesFetch = compression === 'all';
    this.observer = new Observer(logger);
    const addresses = new Addresses(this.serverLimits);
    this.admissions = new Admissions(rules, this.limits, this.observer, addresses, trustProxy);
    this.topics = new Topics(this.admissions, this.limits, this.observer, this.compression);
    this.shared = new SharedStates(this.topics, backplane, this.observer);
    this.entities = new Entities(this.topics, this.observer, this.serverLimits.entities);
    this.views = new Views(this.topics, this.observer, this.serverLimits.audiences);
    const fail = (session: Session, error: unknown): void => this.fail(session, error);
    const deliveries = new Deliveries(this.observer, this.topics, fail);
    const onDue = (session: Session): void => deliveries.add(session);
    const onEnd = (session: Session, reason: string): void => this.#ended(session, reason);
    this.sessions = new Sessions(
      this.admissions,
      this.limits,
      Math.min(patience, MOST),
      { onDue, onEnd, fail },
      { ...DEFAULT_EVENT_LIMITS, ...events },
      this.node,
    );
    this.messaging = new Messaging(rules as MessagingRules, {
      ...{ observer: this.observer, topics: this.topics, traffic: this.sessions.traffic },
      all: () => this.sessions.recipients,
      close: (session, code, reason) => this.#end(session, CloseCode.closed, { code, reason, retry: false }),
      limits: { rooms: MOST, calls: MOST, ...this.limits, presence: this.serverLimits.presence },
      fail,
    });
    const onSilent = (session: Session): void => this.#silence(session);
    this.entrance = new Entrance(rules, {
      ...{ observer: this.observer, names: this.messaging.names },
      find: (id, admission) => this.sessions.find(id, admission),
      end: (session, code, bye) => this.#end(session, code, bye),
      silence: onSilent,
    });
    this.#heartbeat = new Heartbeat(this.heartbeat, this.sessions, onSilent);
    this.#idleWatch = new IdleWatch(this.limits.idle, this.sessions, onSilent);
    this.#receivers = {
      ...{ observer: this.observer, sessions: this.sessions, topics: this.topics },
      messaging: this.messaging,
      renewals: new Renewals(this.admissions, this.topics, fail),
      subscriptions: this.limits.subscriptions,
      hasQuestions: !!(rules.canSubscribe ?? rules.validators?.subscription),
    };
  }

  /** Returns the session of that id, if it lives and belongs to the same client. */
  session(id: string | undefined, admission: Admission): Session | undefined {
    return this.sessions.find(id, admission);
  }

  /**
   * Opens a session on an outlet, or resumes it there; `hello` leaves with the first delivery, and topics are subscribed again.
   * If an accompanying frame is refused, the session ends, nothing was written, and the transport answers with the refusal.
   *
   * @throws VeloxError `going-away`, `too-many`, and as `receive`.
   */
  open(outlet: Outlet, admission: Guest, open?: OpenFrame['open'], along?: Opening): Session {
    if (this.isClosed) throw goingAway();
    const isKnown = this.sessions.find(open?.session, admission) !== undefined;
    const chosen = isKnown ? undefined : this.entrance.enter(admission);
    const session = this.sessions.open(outlet, admission, open);
    const known = isKnown ? undefined : this.messaging.names.add(session, chosen);
    if (chosen !== undefined) this.entrance.entered(session, chosen, known);
    if (isKnown) this.topics.unsubscribeAll(session);
    this.#links.add(outlet);
    this.#heartbeat.start();
    this.#idleWatch.start();
    const { id, taken: ack, name } = session;
    const was = isKnown && open?.session !== id ? open?.session : undefined;
    session.greet({ session: id, was, name, ack }, this.#hello);
    this.observer.publish('connect', () => ({ transport: outlet.transport, identity: admission.identity }));
    this.messaging.attached(session, () => this.admissions.clientInfo(along?.credentials), open?.refused);
    if (isKnown) session.heard(); // the question whether it lives may have left on the former link
    try {
      if (along) for (const frame of along.frames) this.receive(session, frame, along.credentials);
    } catch (error) {
      this.leave(session, outlet, 'refused');
      this.sessions.end(session, 'refused');
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
    this.sessions.leave(session, this.isClosed);
    if (!session.hasEnded) this.messaging.left(session);
  }

  /**
   * Executes a client's frame; executes a numbered frame once, also if it arrives repeatedly. After the end of its session, a frame
   * has no effect: a callback or an earlier frame of the same message may have ended it.
   *
   * @param credentials the credentials of the request that carried it, without the token
   * @param bytes its length; default 0, for frames that the answer to a POST acknowledges
   * @throws VeloxError `bad-frame`, `too-many`, `too-long`.
   */
  receive(session: Session, frame: ClientFrame, credentials: Omit<Credentials, 'token'>, bytes = 0): void {
    if (session.hasEnded) return;
    const execute = (): void => receive(this.#receivers, session, frame, credentials, bytes);
    if (!this.messaging.lifeCycle.defer(session, execute)) return execute();
    if ('subscribe' in frame) session.holdForTopics(true);
  }

  /** Asks `canSubscribe` again. Nothing of a topic is sent to a session before its answer. Resolves when all answers have arrived. */
  recheck(filter: (context: unknown, topic: string) => boolean = () => true): Promise<void> {
    return recheck(this.topics, this.sessions.all, filter);
  }

  stats(): HubStats {
    return statsOf(this.topics, this.views, this.sessions, this.messaging);
  }

  /**
   * Ends all sessions with a goodbye; the endpoint takes no more. Resolves when all links have ended, or after 5 s.
   *
   * @param drain spreads the return of the clients evenly over so many ms; 0: each comes back as usual
   */
  async close(drain = 0): Promise<void> {
    this.isClosed = true;
    this.admissions.close(goingAway());
    this.messaging.lifeCycle.close(goingAway());
    const sessions = [...this.sessions.all];
    const ended = new Promise<void>((resolve) => {
      const others = this.#onEmpty; // it may be called twice
      this.#onEmpty = () => (others(), resolve());
    });
    this.topics.flush(sessions); // changes made until now leave before the goodbye
    sessions.forEach((session, at) => {
      const retry = drain > 0 && { retry: Math.round(((at + 0.5) / sessions.length) * drain) };
      this.#end(session, CloseCode.goingAway, {
        code: 'going-away',
        reason: 'The server goes away.',
        ...retry,
      });
    });
    this.topics.close();
    this.entities.close();
    this.views.close();
    this.shared.close();
    if (this.#links.size > 0) await waitAtMost(ended, 5_000);
  }

  /** Ends a session because its client misbehaved, or because serving it failed. */
  fail(session: Session, error: unknown): void {
    if (!isVeloxError(error)) this.observer.failure(error, { identity: session.identity });
    const { code, message } = isVeloxError(error) ? error : INTERNAL;
    // A client that misbehaved would do it again immediately. Refused credentials are reported by the code alone.
    const retry = code !== 'unauthorized' && code !== 'forbidden' && { retry: PENALTY_MS };
    this.#end(session, closeCodeOf(error), { code, reason: message, ...retry });
  }

  /** Ends a session even if its last messages or its link fail. Other sessions are not affected. */
  #end(session: Session, code: number, bye: Bye): void {
    // Too many events may wait: then they are lost with the session, and it ends for the reason given here.
    const report = (error: unknown): void => void (isVeloxError(error) || this.observer.failure(error));
    attempt(() => {
      if (code === CloseCode.closed) this.topics.flush([session]); // close() has done it for all
      if (code === CloseCode.closed || code === CloseCode.goingAway) session.deliverLast();
    }, report);
    attempt(() => session.close(code, bye), report);
    this.sessions.end(session, bye.code);
  }

  #ended(session: Session, reason: string): void {
    this.topics.unsubscribeAll(session);
    this.#receivers.renewals.forget(session);
    this.messaging.ended(session, reason);
    if (this.sessions.size > 0) return;
    this.#heartbeat.stop();
    this.#idleWatch.stop();
  }

  /** Ends the link of a client that does not answer; its session may still be resumed. */
  #silence(session: Session): void {
    const { outlet } = session;
    if (!outlet) return;
    this.leave(session, outlet, 'silent');
    outlet.close(CloseCode.timeout, 'silent');
  }
}
