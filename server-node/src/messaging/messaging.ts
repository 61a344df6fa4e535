import {
  VeloxError,
  type AnySchema,
  type ContractValue,
  type EventFrame,
  type ReplyFrame,
} from '@velox/core/protocol';
import { attempt } from '../diagnostics/maybe-promise.js';
import type { ClientInfo } from '../access/client-info.js';
import { successorOf } from '../sessions/redirect.js';
import type { Session } from '../sessions/session.js';
import { Absences, type Absence } from './absences.js';
import { Answers, type Answer } from './answers.js';
import { Callbacks } from './callbacks.js';
import { Calls } from './calls.js';
import { Cast, type CastHost, type Recipient } from './cast.js';
import { Channels } from './channels.js';
import { Checks } from './checks.js';
import { EventHandlers } from './event-handlers.js';
import { HubCalls } from './hub-calls.js';
import { LifeCycle } from './life-cycle.js';
import { Names } from './names.js';
import { Presence, PRESENCE_PREFIX, type PresenceOptions, type PresenceRelay } from './presence.js';
import type { MessagingParts, MessagingRules } from './messaging-rules.js';
import type { Relay } from './relay.js';
import { Rooms } from './rooms.js';
import { SessionHandle, sessionOf, type SessionHost } from './session-handle.js';
import type { Strays } from './strays.js';

export type { Absence, MessagingRules };

/** Events, calls and rooms of a hub's sessions, and the life of each as the application sees it. */
export class Messaging implements CastHost, SessionHost {
  readonly rooms: Rooms;
  readonly names: Names;
  readonly calls: Calls;
  readonly lifeCycle: LifeCycle;
  readonly callbacks: Callbacks;
  readonly channels: Channels;
  readonly #handlers: EventHandlers;
  readonly #answers: Answers;
  readonly hubCalls: HubCalls;
  /** The way to the other nodes, if there are any. */
  relay: Relay | undefined;
  strays: Strays | undefined;
  presenceRelay: PresenceRelay | undefined;
  #presence: Presence | undefined;
  readonly #checks: Checks;
  readonly #rules: MessagingRules;
  readonly #parts: MessagingParts;
  readonly #handles = new WeakMap<Session, SessionHandle>();
  readonly absences: Absences = new Absences();
  /** Sessions that have moved to another node, and are not shown here any more. */
  readonly #moved = new WeakSet<Session>();

  constructor(
    rules: MessagingRules & { readonly contract?: ContractValue | undefined },
    parts: MessagingParts,
  ) {
    this.#rules = rules;
    this.#parts = parts;
    this.rooms = new Rooms(parts.limits.rooms, {
      onJoin: (session, room) => this.#presence?.enter(session, room),
      onLeave: (session, room) => void (this.#moved.has(session) || this.#presence?.leave(session, room)),
    });
    this.names = new Names(parts.all);
    this.#checks = new Checks(rules.contract, parts);
    this.calls = new Calls(this.#checks);
    this.lifeCycle = new LifeCycle(parts.limits.handshake, {
      ...parts,
      whenFewWait: (session) => this.#checks.whenFewWait(session),
    });
    this.callbacks = new Callbacks(rules, this.lifeCycle, (session) => this.handleOf(session));
    this.#handlers = new EventHandlers(parts.observer, this.#checks);
    this.channels = new Channels(parts.observer, this.#checks);
    this.#answers = new Answers(parts.observer, this.#checks, parts.limits.calls);
    this.hubCalls = new HubCalls({
      ...{ rooms: this.rooms, answers: this.#answers, observer: parts.observer, canJoin: rules.canJoin },
      checks: this.#checks,
      presence: () => this.#presence,
    });
  }

  /** The presence in all rooms; undefined unless the application shows it. */
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
    return sessionOf(handle);
  }

  /** The sessions that recipients mean, each once. */
  sessionsOf(who: Recipient | readonly Recipient[]): Session[] {
    return this.everyone.only(who).present();
  }

  close(session: Session, code: string, reason: string): void {
    const successor = successorOf(session);
    if (successor) successor.close(code, reason);
    else this.#parts.close(session, code, reason);
  }

  /** Reports an error of a callback. */
  failed = (error: unknown): void => this.#parts.observer.failure(error);

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
  receive(session: Session, { event, data, call, made, channel = '' }: EventFrame): void {
    if (event.startsWith('$')) this.hubCalls.receive(session, event, data, call);
    else if (call !== undefined) {
      if (!this.#answers.has(event)) this.#unknown(session, event, data);
      this.#answers.run(session, event, data, call, made);
    } else if (!this.#dispatch(session, channel, event, data)) {
      this.#checks.throughEvent(session, undefined, event, data, () => this.#unknown(session, event, data));
    }
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
    const { rooms } = this;
    const handleOf = (session: Session): SessionHandle => this.handleOf(session);
    this.#presence = new Presence(options, {
      ...{ observer, rooms, handleOf, limit: limits.presence },
      relay: this.presenceRelay,
    });
    topics.providePrefix(PRESENCE_PREFIX, this.#presence);
    return this.#presence;
  }

  reply(session: Session, frame: ReplyFrame): void {
    if (!this.calls.reply(session, frame)) this.strays?.reply(session, frame);
  }

  cancel(session: Session, call: number): void {
    if (!this.#answers.cancel(session, call)) this.strays?.cancel(session, call);
  }

  /** Resolves when no callback of a session runs, and all its values are checked; undefined if that is so now. */
  whenIdle(session: Session): Promise<void> | undefined {
    const wait = this.lifeCycle.whenFree(session) ?? this.#checks.whenChecked(session);
    return wait?.then(() => this.whenIdle(session));
  }

  /** The numbers of a session's calls that run here. */
  running(session: Session): number[] {
    return this.#answers.running(session);
  }

  /**
   * A session has a link: its first one, or another.
   *
   * @param client returns the request that opened it
   * @param refused the beginning of the frame for which the client ended the one before
   */
  attached(session: Session, client: () => ClientInfo, refused?: string): void {
    if (refused && session.events.refuse(refused, session.link)) {
      const { identity } = session;
      this.#parts.observer.log('warn', 'event refused twice', { begins: refused, identity });
    }
    if (!this.callbacks.attached(session, client)) return;
    const absence = this.absences.end(session);
    if (!absence.recovered) {
      this.calls.doubt(session);
      this.strays?.doubt(session);
    }
    this.#presence?.linked(session);
    this.callbacks.reconnected(session, absence, client);
  }

  /** A session lost its link and may resume. */
  left(session: Session): void {
    this.absences.begin(session);
    this.#presence?.linked(session);
    this.callbacks.away(session);
  }

  /** A session ended, or no more late messages come for one that has moved. A session that did not arrive was never shown. */
  ended(session: Session, reason: string): void {
    if (successorOf(session)) this.moved(session);
    else {
      this.absences.forget(session);
      this.endCalls(session);
      this.strays?.ended(session);
      if (session.redirect?.is !== 'arriving') this.#disconnected(session, reason);
    }
    this.rooms.leaveAll(session);
    this.names.delete(session);
  }

  /** A session has moved to another node, which shows it. Its calls go on, and casts that are late reach it by its rooms. Idempotent. */
  moved(session: Session): void {
    if (this.#moved.has(session)) return;
    this.#moved.add(session);
    this.absences.forget(session);
    for (const room of this.rooms.of(session)) this.#presence?.leave(session, room);
    this.#disconnected(session, 'moved');
  }

  #disconnected(session: Session, reason: string): void {
    if (this.#rules.onDisconnect || this.#handles.has(session)) this.handleOf(session).end();
    this.callbacks.disconnected(session, reason);
  }

  /** Cancels the calls of a session, and gives up those to it. */
  endCalls(session: Session): void {
    this.#answers.forget(session);
    this.calls.forget(session);
  }

  /** Calls the handlers of an event. Returns whether there is one. */
  #dispatch(session: Session, channel: string, event: string, data: unknown): boolean {
    const advises = !this.#rules.onUnknown;
    if (channel === '') return this.#handlers.dispatch(session, event, data, advises);
    return this.channels.dispatch(session, channel, event, data, advises);
  }

  #unknown(session: Session, name: string, data: unknown): void {
    attempt(
      () => session.hasEnded || this.#rules.onUnknown?.(this.handleOf(session), name, data),
      (error) => this.#parts.observer.failure(error, { name, identity: session.identity }),
    );
  }
}
