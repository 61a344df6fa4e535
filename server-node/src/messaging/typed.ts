import type {
  AnyContract,
  AnySchema,
  CallData,
  CallError,
  CallName,
  CallReply,
  CallResult,
  Contract,
  EventData,
  EventName,
  EventReceived,
  Jsonify,
  RoomName,
  SessionData,
  SchemaInput,
} from '@velox/core/protocol';
import type { Sent } from '../sessions/event-limits.js';
import type { CallOptions } from './calls.js';
import type { CastOptions, EmitOptions } from './emit-options.js';

/** One client, as the application sees it. It outlives its links, for `patience` ms each time. */
export interface Session<Context = unknown, C extends Contract = AnyContract> {
  /** The result of `authorize`. */
  readonly context: Context;
  readonly identity: string | undefined;
  /** The transport of its link; undefined without a link. */
  readonly transport: string | undefined;
  /** Its public name, for `hub.only(name)`: the result of the option `name`, or a random text. */
  readonly name: string;
  /** The application's own data about the client; an empty object at first. */
  data: SessionData<C>;
  /** The rooms that it is in. */
  readonly rooms: readonly RoomName<C>[];
  /** Everyone but this client. */
  readonly broadcast: Cast<C, Context>;
  /**
   * Sends an event, after the changes of state that were made before. It is kept until the client has it, over lost links as well.
   * Beyond the option `events` (1,000 events or 1 MiB of JSON) others are dropped, and the client learns how many.
   *
   * @returns `sent` if it leaves with the next write, `queued` if it waits, `dropped` if it is lost
   * @throws VeloxError `not-json`, `too-large` for more than 1 MiB, or `bad-option` for the name or an option; then nothing has changed.
   */
  emit<N extends EventName<C>>(event: N, data: EventData<C, N>, options?: EmitOptions): Sent;
  /**
   * A lane of the session's queue, with handlers of its own. Lanes take turns, so a busy lane does not delay the others. A name always
   * means the same lane.
   */
  channel(name: string): Channel<C>;
  /**
   * Calls the client, and resolves with its reply. Rejects with a {@link CallError}.
   *
   * @throws VeloxError `not-json`, `too-large`; `bad-option` for the name or an option.
   */
  call<N extends CallName<C>>(name: N, data: CallData<C, N>, options?: CallOptions): Promise<CallReply<C, N>>;
  /**
   * Adds it to rooms. Idempotent.
   *
   * @returns when it receives the events that other servers cast to the rooms; those of this server arrive immediately
   * @throws CallError `too-many` beyond `limits.rooms`.
   */
  join(rooms: RoomName<C> | readonly RoomName<C>[]): Promise<void>;
  leave(rooms: RoomName<C> | readonly RoomName<C>[]): void;
  /** The members of rooms, except this client. */
  to(rooms: RoomName<C> | readonly RoomName<C>[]): Cast<C, Context>;
  /** Ends the session; its client does not reconnect, and `status.reason` shows code and reason. */
  close(code?: string, reason?: string): void;
}

/** A channel of one session. */
export interface Channel<C extends Contract = AnyContract> {
  /** Sends a message without a name. */
  send(data: unknown, options?: Omit<EmitOptions, 'channel'>): Sent;
  /** Calls back with each message without a name. Returns the function that ends it. */
  onMessage(handler: (data: unknown) => unknown): () => void;
  emit<N extends EventName<C>>(event: N, data: EventData<C, N>, options?: Omit<EmitOptions, 'channel'>): Sent;
  /** Calls back with each event of a name in this channel. Returns the function that ends it. */
  on<N extends EventName<C>>(event: N, handler: (data: EventData<C, N>) => unknown): () => void;
}

/** A recipient: a session, or all sessions of a name. */
export type Recipient = string | Pick<Session, 'name' | 'identity' | 'transport' | 'close'>;

/** A session of this server or of another one. */
export type ReachableSession<Context = unknown, C extends Contract = AnyContract> = Pick<
  Session<Context, C>,
  'name' | 'identity' | 'transport' | 'rooms' | 'emit' | 'call' | 'join' | 'leave' | 'close'
>;

/** The outcome of a call to one session. */
export type CallOutcome<C extends Contract, N extends CallName<C>, Context = unknown> =
  | {
      readonly session: ReachableSession<Context, C>;
      readonly data: CallReply<C, N>;
      readonly error?: undefined;
    }
  | { readonly session: ReachableSession<Context, C>; readonly error: CallError; readonly data?: undefined };

/** The recipients of an event or a call. Immutable: each method returns a narrower cast. */
export interface Cast<C extends Contract = AnyContract, Context = unknown> {
  /** The members of rooms. A member of several receives an event once. */
  to(rooms: RoomName<C> | readonly RoomName<C>[]): Cast<C, Context>;
  /** Leaves out the members of rooms. */
  notIn(rooms: RoomName<C> | readonly RoomName<C>[]): Cast<C, Context>;
  /** Leaves out all sessions except these. */
  only(who: Recipient | readonly Recipient[]): Cast<C, Context>;
  /** Leaves out these sessions. */
  except(who: Recipient | readonly Recipient[]): Cast<C, Context>;
  /**
   * The same recipients, for events that may be lost: they are not kept for absent clients, and a slow client receives the newest event
   * of each name and `key`, of at most 64.
   */
  readonly volatile: Cast<C, Context>;
  /**
   * Sends an event, encoded once for all recipients.
   *
   * @returns the number of recipients on this server
   * @throws VeloxError `not-json`, `too-large`, or `bad-option` for the name or an option; then no recipient receives it.
   */
  emit<N extends EventName<C>>(event: N, data: EventData<C, N>, options?: CastOptions): number;
  /**
   * Calls every recipient on all servers, and resolves with the outcome of each: `unknown-outcome` if the server of a recipient dies.
   *
   * @throws VeloxError `not-json`, `too-large`; `bad-option` for the name or an option; `unavailable` if another server does not name its
   * recipients within 13 s. Then nothing was called.
   */
  call<N extends CallName<C>>(
    name: N,
    data: CallData<C, N>,
    options?: CallOptions,
  ): Promise<CallOutcome<C, N, Context>[]>;
  /** The recipients on this server now, each once. */
  sessions(): readonly Session<Context, C>[];
  /**
   * The recipients on all servers, each once. Those of a server that dies meanwhile are left out.
   *
   * @throws VeloxError `unavailable` if another server does not answer within 13 s.
   */
  fetchSessions(): Promise<readonly ReachableSession<Context, C>[]>;
  /**
   * How many recipients there are on all servers. A recipient that moves to another server meanwhile may be counted twice, or not at all.
   *
   * @throws VeloxError `unavailable` if another server does not answer within 13 s.
   */
  fetchSize(): Promise<number>;
}

/** Receives an event of a client. */
export type EventHandlerOf<C extends Contract, Context, Data> = (
  session: Session<Context, C>,
  data: Data,
) => unknown;

/** Handlers by the name of the event. */
export type EventHandlersOf<C extends Contract, Context> = {
  readonly [N in EventName<C>]?: EventHandlerOf<C, Context, EventReceived<C, N>>;
};

/** Answers a call of a client. `signal` is aborted when the client cancels the call or its session ends. */
export type AnswerOf<C extends Contract, Context, Data, N extends CallName<C>> = (
  session: Session<Context, C>,
  data: Data,
  options: { readonly signal: AbortSignal },
) => CallResult<C, N> | Promise<CallResult<C, N>>;

/**
 * A schema, unless it is for other data than a contract declares. `Received` is unknown if the contract has no schemas; then the declared
 * data counts as it is in JSON.
 */
export type SchemaFor<S extends AnySchema, Received, Declared> = S &
  ([unknown extends Received ? Jsonify<Declared> : Received, SchemaInput<S>] extends infer Both
    ? Both extends readonly [infer Given, infer Wanted]
      ? [Given] extends [Wanted]
        ? unknown
        : [Wanted] extends [Given]
          ? unknown
          : never
      : never
    : never);

/** The sessions of one room. */
export interface Room<C extends Contract = AnyContract, Context = unknown> {
  readonly name: RoomName<C>;
  /** How many sessions of this server are in it. */
  readonly size: number;
  /** The sessions of this server in it. */
  sessions(): readonly Session<Context, C>[];
  /** The sessions of all servers in it; as `fetchSessions` of a cast. */
  fetchSessions(): Promise<readonly ReachableSession<Context, C>[]>;
  /** How many sessions of all servers are in it; as `fetchSize` of a cast. */
  fetchSize(): Promise<number>;
}
