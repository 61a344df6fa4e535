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
}

/** The contract of those who have none: any topic and any event, of any value. */
export interface AnyContract {
  readonly topics: { readonly [topic: string]: unknown };
  readonly events: { readonly [event: string]: unknown };
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

/** What one of a contract's events carries. */
export type EventData<C extends Contract, N extends EventName<C>> = NonNullable<C['events']>[N];
