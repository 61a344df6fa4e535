/**
 * What both sides of an endpoint agree on: one type, shared by server and client, gives names and values.
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
}

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

/** The names of a contract's events. */
export type EventName<C extends Contract> = keyof NonNullable<C['events']> & string;

/** The data of one of a contract's events. */
export type EventData<C extends Contract, N extends EventName<C>> = NonNullable<C['events']>[N];

/** The names of a contract's calls. */
export type CallName<C extends Contract> = keyof NonNullable<C['calls']> & string;

/** The parameters and result of one of a contract's calls. */
export type CallData<C extends Contract, N extends CallName<C>> = NonNullable<
  C['calls']
>[N] extends readonly [infer Input, unknown]
  ? Input
  : NonNullable<C['calls']>[N] extends (data: infer Input) => unknown
    ? Input
    : never;

/** The reply to one of a contract's calls. */
export type CallReply<C extends Contract, N extends CallName<C>> = NonNullable<
  C['calls']
>[N] extends readonly [unknown, infer Output]
  ? Output
  : NonNullable<C['calls']>[N] extends (data: never) => infer Output
    ? Awaited<Output>
    : never;

/** The names of a contract's rooms. */
export type RoomName<C extends Contract> = C extends { readonly rooms: infer R extends string } ? R : string;
