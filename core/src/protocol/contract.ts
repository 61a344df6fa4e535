import type { Replicated } from './json.js';

/**
 * The names and values that both sides of an endpoint agree on: one type, shared by server and client.
 *
 * @example
 * type App = {
 *   topics: { board: Board; [item: `items/${string}`]: Item }
 *   events: { chat: { from: string; text: string } }
 * }
 * const hub = velox.createHub<App>()           // server
 * const sync = connect<App>('/sync')           // client
 */
export interface Contract {
  readonly topics: object;
  /** Events that either side emits, by name. */
  readonly events?: object;
  /** Calls that either side answers, by name: `(data: Input) => Output`, or `[Input, Output]`. */
  readonly calls?: object;
  /** Names of rooms; default: any. */
  readonly rooms?: string;
  /** The application's data about a session, on the server: `createHub<App & { session: { score: number } }>()`. */
  readonly session?: object;
}

/**
 * Data that a schema checks: senders pass `Input`, and the handlers of a hub receive `Output`.
 * A contract made by `defineContract` has it for each event and both ends of each call.
 */
export interface Checked<Input, Output> {
  readonly '~input': Input;
  readonly '~output': Output;
}

type Sent<T> = 0 extends 1 & T ? T : [T] extends [Checked<infer Input, unknown>] ? Input : T;
type Result<T> = 0 extends 1 & T ? T : [T] extends [Checked<unknown, infer Output>] ? Output : T;
type Received<T> = 0 extends 1 & T
  ? unknown
  : [T] extends [Checked<unknown, infer Output>]
    ? Output
    : unknown;

/** The default contract: any topic and any event, of any value. */
export interface AnyContract {
  readonly topics: { readonly [topic: string]: unknown };
  readonly events: { readonly [event: string]: unknown };
  readonly calls: { readonly [call: string]: [unknown, unknown] };
}

/** The names of a contract's topics, template literals included. */
export type TopicName<C extends Contract> = keyof C['topics'] & string;

/** The value of one of a contract's topics. */
export type TopicValue<C extends Contract, N extends TopicName<C>> = C['topics'][N];

/** The types of a contract's entities: `items` for topics `items/${string}`. */
export type EntityType<C extends Contract> =
  TopicName<C> extends infer N ? (N extends `${infer Type}/${string}` ? Type : never) : never;

/** The value of the rows of a contract's entity. */
export type EntityValue<C extends Contract, Type extends string> =
  `${Type}/` extends TopicName<C> ? TopicValue<C, `${Type}/` & TopicName<C>> : unknown;

/** The value of one of a contract's topics as components receive it. */
export type ReplicatedTopic<C extends Contract, N extends TopicName<C>> = Replicated<TopicValue<C, N>>;

/** A row of a contract's entity as components receive it; `null` if it does not exist. */
export type ReplicatedRow<C extends Contract, N extends EntityType<C>> = Replicated<EntityValue<C, N>> | null;

/** The names of a contract's events. */
export type EventName<C extends Contract> = keyof NonNullable<C['events']> & string;

type Event<C extends Contract, N extends EventName<C>> = NonNullable<C['events']>[N];

/** The data of one of a contract's events, as it is emitted and as clients receive it. */
export type EventData<C extends Contract, N extends EventName<C>> = Sent<Event<C, N>>;

/** The data of an event as handlers of a hub receive it: the schema's output, or unknown, because clients may send anything. */
export type EventReceived<C extends Contract, N extends EventName<C>> = Received<Event<C, N>>;

/** The names of a contract's calls. */
export type CallName<C extends Contract> = keyof NonNullable<C['calls']> & string;

type Call<C extends Contract, N extends CallName<C>> = NonNullable<C['calls']>[N];

type CallInput<T> = T extends readonly [infer Input, unknown]
  ? Input
  : T extends (data: infer Input) => unknown
    ? Input
    : never;

type CallOutput<T> = T extends readonly [unknown, infer Output]
  ? Output
  : T extends (data: never) => infer Output
    ? Awaited<Output>
    : never;

/** The data of one of a contract's calls, as the caller passes it and as clients receive it. */
export type CallData<C extends Contract, N extends CallName<C>> = Sent<CallInput<Call<C, N>>>;

/** The data of a call as the handler of a hub receives it: the schema's output, or unknown, because clients may send anything. */
export type CallReceived<C extends Contract, N extends CallName<C>> = Received<CallInput<Call<C, N>>>;

/** The result of the handler of a call. */
export type CallResult<C extends Contract, N extends CallName<C>> = Sent<CallOutput<Call<C, N>>>;

/** The reply to one of a contract's calls, as the caller receives it. */
export type CallReply<C extends Contract, N extends CallName<C>> = Result<CallOutput<Call<C, N>>>;

/** The application's data about a session. */
export type SessionData<C extends Contract> = C extends { readonly session: infer D } ? D : unknown;

/** The names of a contract's rooms. */
export type RoomName<C extends Contract> = C extends { readonly rooms: infer R extends string } ? R : string;
