import { CallError, type EventFrame, type ReplyFrame } from '@velox/core/protocol';
import { attempt, thenOrNow } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Session } from '../sessions/session.js';
import { Answers, type Answer } from './answers.js';
import { Calls } from './calls.js';
import { Cast, type CastHost } from './cast.js';
import { EventHandlers } from './event-handlers.js';
import { Names } from './names.js';
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
export interface MessagingParts {
  readonly observer: Observer;
  /** All sessions of the hub. */
  readonly all: () => Iterable<Session>;
  /** Ends a session with a goodbye after which its client does not come back. */
  readonly close: (session: Session, code: string, reason: string) => void;
  readonly limits: { readonly rooms: number; readonly calls: number };
}

/** Events, calls and rooms of a hub's sessions, and the life of each as the application sees it. */
export class Messaging implements CastHost, SessionHost {
  readonly rooms: Rooms;
  readonly names: Names = new Names();
  readonly calls: Calls = new Calls();
  readonly #handlers: EventHandlers;
  readonly #answers: Answers;
  readonly #rules: MessagingRules;
  readonly #parts: MessagingParts;
  readonly #handles = new WeakMap<Session, SessionHandle>();
  /** Since when sessions have no link, in ms of `performance.now`. */
  readonly #awaySince = new Map<Session, number>();

  constructor(rules: MessagingRules, parts: MessagingParts) {
    this.#rules = rules;
    this.#parts = parts;
    this.rooms = new Rooms(parts.limits.rooms);
    this.#handlers = new EventHandlers(parts.observer);
    this.#answers = new Answers(parts.observer, parts.limits.calls);
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

  close(session: Session, code: string, reason: string): void {
    this.#parts.close(session, code, reason);
  }

  /** Adds a handler for the events of a name. Returns the function that removes it. */
  on(event: string, handler: (session: SessionHandle, data: unknown) => unknown): () => void {
    return this.#handlers.on(event, (session, data) => handler(this.handleOf(session), data));
  }

  /** Sets the handler for the calls of a name. Returns the function that removes it. */
  answer(
    name: string,
    handler: (session: SessionHandle, data: unknown, options: { readonly signal: AbortSignal }) => unknown,
  ): () => void {
    const answer: Answer = (session, data, options) => handler(this.handleOf(session), data, options);
    return this.#answers.set(name, answer);
  }

  /** An event or a call of a client. */
  receive(session: Session, { event, data, call }: EventFrame): void {
    if (event.startsWith('$')) this.#receiveOwn(session, event, data, call);
    else if (call === undefined) this.#handlers.dispatch(session, event, data);
    else this.#answers.run(session, event, data, call);
  }

  reply(session: Session, frame: ReplyFrame): void {
    this.calls.reply(session, frame);
  }

  cancel(session: Session, call: number): void {
    this.#answers.cancel(session, call);
  }

  /** A session has a link: its first one, or another. */
  attached(session: Session): void {
    const since = this.#awaySince.get(session);
    this.#awaySince.delete(session);
    if (session.links === 1) {
      this.#nameSession(session);
      this.#notify((rules, handle) => rules.onConnect?.(handle), session);
    } else {
      const away = since === undefined ? 0 : performance.now() - since;
      const absence = { away, dropped: session.dropped };
      this.#notify((rules, handle) => rules.onReconnect?.(handle, absence), session);
    }
  }

  /** A session lost its link and may resume. */
  left(session: Session): void {
    this.#awaySince.set(session, performance.now());
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
    const { name } = this.#rules;
    if (!name) return;
    const chosen = attempt(
      () => name(session.context),
      (error) => this.#parts.observer.failure(error),
    );
    if (typeof chosen === 'string') this.names.add(session, chosen);
  }

  #notify(act: (rules: MessagingRules, handle: SessionHandle) => unknown, session: Session): void {
    attempt(
      () => act(this.#rules, this.handleOf(session)),
      (error) => this.#parts.observer.failure(error, { identity: session.identity }),
    );
  }

  /** The calls of the hub itself: a client joins or leaves a room. */
  #receiveOwn(session: Session, name: string, data: unknown, call: number | undefined): void {
    if (call === undefined) return;
    this.#answers.runWith(
      () => {
        if (typeof data !== 'string') throw new CallError('bad-room', 'the name of a room must be a text.');
        if (name === '$leave') return this.rooms.leave(session, data);
        if (name === '$join') return this.#join(session, data);
        throw new CallError('no-handler', `the server does not answer the call "${name}".`);
      },
      session,
      name,
      call,
    );
  }

  #join(session: Session, room: string): unknown {
    const forbidden = new CallError('forbidden', 'the client may not join this room.');
    if (room === '' || room.length > 1_000)
      throw new CallError('bad-room', 'the name of a room is empty or too long.');
    const { canJoin } = this.#rules;
    if (!canJoin) throw forbidden;
    return thenOrNow(canJoin(session.context, room), (isAllowed) => {
      if (isAllowed !== true) throw forbidden;
      if (session.hasEnded) return;
      this.rooms.join(session, room);
    });
  }
}
