import {
  VeloxError,
  type AnySchema,
  type ContractValue,
  type EventFrame,
  type ReplyFrame,
} from '@velox/core/protocol';
import { attempt } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Session } from '../sessions/session.js';
import type { Topics } from '../topics/topics.js';
import { Answers, type Answer } from './answers.js';
import { Calls } from './calls.js';
import { Cast, type CastHost, type Recipient } from './cast.js';
import { Checks, type CheckParts } from './checks.js';
import { EventHandlers } from './event-handlers.js';
import { HubCalls } from './hub-calls.js';
import { Names } from './names.js';
import { Presence, PRESENCE_PREFIX, type PresenceOptions } from './presence.js';
import { Rooms } from './rooms.js';
import { SessionHandle, sessionOf, type SessionHost } from './session-handle.js';

/** The events that a session missed while it had no link. */
export interface Absence {
  /** How long the client had no link, in ms. */
  readonly away: number;
  /** How many events of the session never reached the client, summed over its life. */
  readonly dropped: number;
}

/** The application's rules and callbacks for sessions. */
export interface MessagingRules<Context = unknown, S = SessionHandle> {
  /** Whether a client may join a room by itself. Default: no client may; the server joins sessions by `session.join`. */
  readonly canJoin?: (context: Context, room: string) => boolean | Promise<boolean>;
  /** The public name of a session, for `hub.only(name)`. Default: a random one. */
  readonly name?: (context: Context) => string | undefined;
  /** A new client is connected. */
  readonly onConnect?: (session: S) => unknown;
  /** The client lost its link; it may come back within `patience` ms. */
  readonly onAway?: (session: S) => unknown;
  /** The client came back to its session. */
  readonly onReconnect?: (session: S, absence: Absence) => unknown;
  /** The session ended for good. */
  readonly onDisconnect?: (session: S) => unknown;
}

/** What messaging needs of its hub. */
export interface MessagingParts extends CheckParts {
  readonly observer: Observer;
  /** All sessions of the hub. */
  readonly all: () => Iterable<Session>;
  /** Ends a session with a goodbye after which its client does not come back. */
  readonly close: (session: Session, code: string, reason: string) => void;
  readonly limits: {
    readonly handshake: number;
    readonly rooms: number;
    readonly calls: number;
    readonly presence: number;
  };
  readonly topics: Topics;
}

/** Events, calls and rooms of a hub's sessions, and the life of each as the application sees it. */
export class Messaging implements CastHost, SessionHost {
  readonly rooms: Rooms;
  readonly names: Names = new Names();
  readonly calls: Calls;
  readonly #handlers: EventHandlers;
  readonly #answers: Answers;
  readonly #hubCalls: HubCalls;
  #presence: Presence | undefined;
  readonly #checks: Checks;
  readonly #rules: MessagingRules;
  readonly #parts: MessagingParts;
  readonly #handles = new WeakMap<Session, SessionHandle>();
  /** Since when sessions have no link, in ms of `performance.now`. */
  readonly #awaySince = new Map<Session, number>();

  constructor(
    rules: MessagingRules & { readonly contract?: ContractValue | undefined },
    parts: MessagingParts,
  ) {
    this.#rules = rules;
    this.#parts = parts;
    this.rooms = new Rooms(parts.limits.rooms, {
      onJoin: (session, room) => this.#presence?.enter(session, room),
      onLeave: (session, room) => this.#presence?.leave(session, room),
    });
    this.#checks = new Checks(rules.contract, parts);
    this.calls = new Calls(this.#checks);
    this.#handlers = new EventHandlers(parts.observer, this.#checks);
    this.#answers = new Answers(parts.observer, this.#checks, parts.limits.calls);
    this.#hubCalls = new HubCalls({
      ...{ rooms: this.rooms, answers: this.#answers, observer: parts.observer, canJoin: rules.canJoin },
      checks: this.#checks,
      presence: () => this.#presence,
    });
  }

  /** Who is in which room; undefined unless the application shows it. */
  get presence(): Presence | undefined {
    return this.#presence;
  }

  /** Everyone. */
  get everyone(): Cast {
    return new Cast(this);
  }

  all(): Iterable<Session> {
    return this.#parts.all();
  }

  handleOf(session: Session): SessionHandle {
    let handle = this.#handles.get(session);
    if (!handle) this.#handles.set(session, (handle = new SessionHandle(this, session)));
    return handle;
  }

  sessionOf(handle: object): Session {
    return sessionOf(handle as SessionHandle);
  }

  /** The sessions that recipients mean, each once. */
  sessionsOf(who: Recipient | readonly Recipient[]): Session[] {
    return this.everyone.only(who).recipients();
  }

  close(session: Session, code: string, reason: string): void {
    this.#parts.close(session, code, reason);
  }

  /** Adds a handler for the events of a name. Returns the function that removes it. */
  on(
    event: string,
    handler: (session: SessionHandle, data: unknown) => unknown,
    schema?: AnySchema,
  ): () => void {
    return this.#handlers.on(event, (session, data) => handler(this.handleOf(session), data), schema);
  }

  /** Sets the handler for the calls of a name. Returns the function that removes it. */
  answer(
    name: string,
    handler: (session: SessionHandle, data: unknown, options: { readonly signal: AbortSignal }) => unknown,
    schema?: AnySchema,
  ): () => void {
    const answer: Answer = (session, data, options) => handler(this.handleOf(session), data, options);
    return this.#answers.set(name, answer, schema);
  }

  /** An event or a call of a client. */
  receive(session: Session, { event, data, call }: EventFrame): void {
    if (event.startsWith('$')) this.#hubCalls.receive(session, event, data, call);
    else if (call === undefined) this.#handlers.dispatch(session, event, data);
    else this.#answers.run(session, event, data, call);
  }

  /**
   * Shows who is in which room, as the topics `presence/<room>`.
   *
   * @throws VeloxError `bad-option` the second time.
   */
  createPresence(options: PresenceOptions): Presence {
    if (this.#presence) {
      throw new VeloxError('bad-option', 'the hub has presence. Call hub.presence() once.');
    }
    const { observer, limits, topics } = this.#parts;
    const { rooms, names } = this;
    const handleOf = (session: Session): SessionHandle => this.handleOf(session);
    this.#presence = new Presence(options, { observer, rooms, names, handleOf, limit: limits.presence });
    topics.providePrefix(PRESENCE_PREFIX, this.#presence);
    return this.#presence;
  }

  reply(session: Session, frame: ReplyFrame): void {
    this.calls.reply(session, frame);
  }

  cancel(session: Session, call: number): void {
    this.#answers.cancel(session, call);
  }

  /** Gives a new session its public name, and returns that of any session. */
  nameOf(session: Session): string {
    if (!this.names.of(session)) this.#nameSession(session);
    return this.names.of(session);
  }

  /**
   * A session has a link: its first one, or another.
   *
   * @param refused the beginning of the frame for which the client ended the one before
   */
  attached(session: Session, refused?: string): void {
    if (refused && session.refuse(refused)) {
      const { identity } = session;
      this.#parts.observer.log('warn', 'event refused twice', { begins: refused, identity });
    }
    const since = this.#awaySince.get(session);
    this.#awaySince.delete(session);
    if (session.links === 1) {
      this.#notify((rules, handle) => rules.onConnect?.(handle), session);
    } else {
      this.#presence?.linked(session);
      const away = since === undefined ? 0 : performance.now() - since;
      const absence = { away, dropped: session.dropped };
      this.#notify((rules, handle) => rules.onReconnect?.(handle, absence), session);
    }
  }

  /** A session lost its link and may resume. */
  left(session: Session): void {
    this.#awaySince.set(session, performance.now());
    this.#presence?.linked(session);
    this.#notify((rules, handle) => rules.onAway?.(handle), session);
  }

  /** A session ended. */
  ended(session: Session): void {
    this.#awaySince.delete(session);
    this.#answers.forget(session);
    this.calls.forget(session);
    this.#notify((rules, handle) => rules.onDisconnect?.(handle), session);
    this.rooms.leaveAll(session);
    this.names.delete(session);
  }

  #nameSession(session: Session): void {
    const chosen = attempt(
      () => this.#rules.name?.(session.context),
      (error) => this.#parts.observer.failure(error),
    );
    this.names.add(session, typeof chosen === 'string' && chosen ? chosen : undefined);
  }

  #notify(act: (rules: MessagingRules, handle: SessionHandle) => unknown, session: Session): void {
    attempt(
      () => act(this.#rules, this.handleOf(session)),
      (error) => this.#parts.observer.failure(error, { identity: session.identity }),
    );
  }
}
