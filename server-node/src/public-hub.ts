import type {
  AnyContract,
  AnySchema,
  CallData,
  CallName,
  CallReceived,
  Contract,
  EntityValue,
  EventData,
  EventName,
  EventReceived,
  RoomName,
  SchemaOutput,
  TopicName,
  TopicValue,
} from '@velox/core/protocol';
import type { Endpoint } from './http/endpoint.js';
import type { SseEndpoint, SseOptions } from './http/event-source.js';
import type { Entity, EntityOptions } from './entities/entity-options.js';
import type { RowId } from './entities/row-id.js';
import type { PresenceOptions, RoomPresence } from './messaging/presence.js';
import type {
  AnswerOf,
  Cast,
  EventHandlerOf,
  EventHandlersOf,
  Recipient,
  Room,
  SchemaFor,
  Session,
} from './messaging/typed.js';
import type { HubLife } from './hub/entrance.js';
import type { HubStats } from './hub/hub-stats.js';
import type { Published } from './publish.js';
import type { SharedState, SharedStateOptions } from './state/shared/shared-state.js';
import type { State, StateOptions } from './state/state.js';
import type { ViewedState } from './views/viewed-state.js';
import type { ViewOptions } from './views/view-options.js';

/** An endpoint of many topics. As a cast, it means everyone: `hub.emit(…)`, `hub.to('room').emit(…)`. */
export interface Hub<C extends Contract = AnyContract, Context = unknown>
  extends Endpoint, Cast<C, Context>, HubLife {
  /**
   * Publishes a value as a topic that each client sees through a view: `view(value, audience)` returns the value of an audience. It
   * sees the audience and not the client, so clients of one audience share all of it.
   *
   * If the view throws, or returns a promise or what JSON cannot hold, its audience keeps the last value and is `stale: 'view-failed'`.
   *
   * @example
   * const game = hub.state('game', { players: [] as Player[] }, {
   *   audience: (user) => user.id,
   *   view: (game, me) => ({ players: each(game.players, me, (player) => (player.id === me ? player : { id: player.id })) }),
   * })
   * @throws VeloxError `not-json`, `too-deep`; `too-long` for a name above `limits.topic`; `bad-option` for an audience without a view;
   *   `closed` after `close`.
   */
  state<N extends TopicName<C>, T, A, V extends TopicValue<C, N>>(
    topic: N,
    value: T | State<T> | Published<T>,
    options: StateOptions & ViewOptions<NoInfer<T>, A, V, Context>,
  ): ViewedState<T, A, V>;
  /**
   * Publishes a value, or an existing state or live value, as a topic, in place of a former topic of that name. Sessions that wait for it
   * get it.
   *
   * @throws VeloxError `not-json`, `too-deep`; `too-long` for a name above `limits.topic`; `bad-option`; `closed` after `close`.
   */
  state<N extends TopicName<C>, T extends TopicValue<C, N>>(
    topic: N,
    value: T | State<T>,
    options?: StateOptions,
  ): State<unknown extends TopicValue<C, N> ? T : TopicValue<C, N>>;
  /** Publishes a value as a topic, and gives the live value: to be used like the original, every write reaches the clients. */
  live<N extends TopicName<C>, T extends TopicValue<C, N> & object>(
    topic: N,
    value: T,
    options?: StateOptions,
  ): unknown extends TopicValue<C, N> ? T : TopicValue<C, N>;
  /**
   * Publishes a state that all hubs of the backplane share. A client resumes by delta on any of them.
   *
   * @example
   * const stock = hub.shared('stock', { count: 100 })
   * await stock.update((draft) => { draft.count -= 1 })
   * @param initial the value of a topic that the log does not have yet
   * @throws VeloxError `bad-option` without a backplane, and for a topic that is shared already; `not-json`, `too-deep`, `too-long`.
   */
  shared<N extends TopicName<C>, T extends TopicValue<C, N>>(
    topic: N,
    initial: T,
    options?: SharedStateOptions,
  ): SharedState<unknown extends TopicValue<C, N> ? T : TopicValue<C, N>>;
  /**
   * Provides the topics `<type>/<id>`: a row is fetched when a client wants it, and again when it has changed.
   *
   * @example
   * const items = hub.entity('items', { fetch: (id) => db.items.find(id) })
   * items.notify('7')
   * @throws VeloxError `bad-option` for a type that is empty, has a slash or exists, and without a fetch; `closed` after `close`.
   */
  entity<N extends string>(
    type: N,
    options: EntityOptions<EntityValue<C, N>, Context>,
  ): Entity<EntityValue<C, N>>;
  /**
   * Some rows have changed: those that clients watch are fetched again.
   *
   * @throws VeloxError `not-found` if there is no such entity; `bad-option` for an id that is neither a string nor a number.
   */
  notify(type: string, ids: RowId | readonly RowId[]): void;
  /** Removes a topic: its sessions are denied. Returns whether there was one. */
  remove(topic: TopicName<C>): boolean;
  /**
   * Asks `canSubscribe` again for all sessions, or for the contexts and topics that `filter` selects. Nothing of a topic is sent to such a
   * session before its answer. Resolves when all answers have arrived.
   */
  recheck(filter?: (context: Context, topic: string) => boolean): Promise<void>;
  /**
   * Calls a handler for each event of a name from any client, once and in the order of its client. Errors of a handler are reported.
   * Clients may send anything, so `data` is unknown without a schema.
   *
   * @returns the function that removes the handler
   * @throws VeloxError `bad-option` if the contract has schemas, but none for the event.
   */
  on<N extends EventName<C>>(event: N, handler: EventHandlerOf<C, Context, EventReceived<C, N>>): () => void;
  /**
   * The same with a Standard Schema: the handler receives its output. An event that the schema refuses is dropped, counted in
   * `stats().invalid` and logged.
   *
   * @example hub.on('chat', z.object({ text: z.string() }), (session, { text }) => hub.emit('chat', { text }))
   */
  on<N extends EventName<C>, S extends AnySchema>(
    event: N,
    schema: SchemaFor<S, EventReceived<C, N>, EventData<C, N>>,
    handler: EventHandlerOf<C, Context, SchemaOutput<S>>,
  ): () => void;
  /** Adds several handlers by the names of their events. */
  on(handlers: EventHandlersOf<C, Context>): () => void;
  /** The same for the next event alone. */
  once<N extends EventName<C>>(
    event: N,
    handler: EventHandlerOf<C, Context, EventReceived<C, N>>,
  ): () => void;
  /** The same for the next event that a schema accepts. */
  once<N extends EventName<C>, S extends AnySchema>(
    event: N,
    schema: SchemaFor<S, EventReceived<C, N>, EventData<C, N>>,
    handler: EventHandlerOf<C, Context, SchemaOutput<S>>,
  ): () => void;
  /**
   * Answers the calls of a name. The reply is the result of the handler; a `CallError` travels to the caller, any other error becomes
   * `internal` and is reported here. `signal` is aborted when the client cancels the call or its session ends.
   *
   * @example hub.answer('buy', async (session, amount, { signal }) => shop.buy(session.context, amount, signal))
   * @returns the function that removes the handler
   * @throws VeloxError `bad-option` if the call has a handler, or if the contract has schemas, but none for the call.
   */
  answer<N extends CallName<C>>(name: N, handler: AnswerOf<C, Context, CallReceived<C, N>, N>): () => void;
  /**
   * The same with a Standard Schema: the handler receives its output. For data that the schema refuses, the caller gets a `CallError`
   * with the code `invalid` and the JSON Pointers `data.paths`.
   *
   * @example hub.answer('rename', z.string().min(3), (session, name) => shop.rename(session.context, name))
   */
  answer<N extends CallName<C>, S extends AnySchema>(
    name: N,
    schema: SchemaFor<S, CallReceived<C, N>, CallData<C, N>>,
    handler: AnswerOf<C, Context, SchemaOutput<S>, N>,
  ): () => void;
  /** A room: how many sessions are in it, and which. Rooms exist as long as they have members. */
  room(name: RoomName<C>): Room<C, Context>;
  /**
   * Shows the members of rooms, as the topics `presence/<room>`: one member for each `id`, with the data that its sessions show.
   * `away` when the last link of a member is lost, gone when its last session ends.
   *
   * @example hub.presence({ of: ({ context: user }) => ({ id: user.id, name: user.name }) })
   * @throws VeloxError `bad-option`, also the second time.
   */
  presence<Shown extends object, Mine = unknown>(
    options: PresenceOptions<Session<Context, C>, Shown, Mine>,
  ): RoomPresence<Omit<Shown, 'id'>, Mine, Recipient, RoomName<C>>;
  /**
   * Serves plain `EventSource`s, without a Velox client: the same sessions, names, rooms, casts and callbacks. Events arrive at least once.
   *
   * @example app.get('/events', hub.sse({ retry: 2_000 }).handle)
   * @throws VeloxError `bad-option`.
   */
  sse(options?: SseOptions<Context>): SseEndpoint<Recipient | readonly Recipient[]>;
  stats(): HubStats;
}
