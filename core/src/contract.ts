/**
 * What both sides of an endpoint agree on: one type, shared by server and client, gives names and values.
 *
 * @example
 * type App = { topics: { board: Board; [item: `items/${string}`]: Item } }
 * const hub = velox.createHub<App>()           // server
 * const sync = connect<App>('/sync')           // client
 */
export interface Contract {
  readonly topics: object;
}

/** The contract of those who have none: any topic, of any value. */
export interface AnyContract {
  readonly topics: { readonly [topic: string]: unknown };
}

/** The names of a contract's topics, template literals included. */
export type TopicName<C extends Contract> = keyof C['topics'] & string;

/** The value of one of a contract's topics. */
export type TopicValue<C extends Contract, N extends TopicName<C>> = C['topics'][N];
