import type { DropCode } from '../connection/options.js';
import type { AnyContract, Contract, EventData, EventName } from '../protocol/contract.js';

/** The fate of an event: it was written, it waits, or it is lost. */
export type Sent = 'sent' | 'queued' | 'dropped';

/** How an event is sent. */
export interface EmitOptions {
  /** Whether it may be lost: without a link, or at the server's limit on frames per second, it is not sent. Default false. */
  readonly volatile?: boolean | undefined;
  /** The channel that it takes; default: none. */
  readonly channel?: string | undefined;
  /** Called with the reason if the event is given up. Volatile events have none. */
  readonly onDrop?: ((code: DropCode) => void) | undefined;
}

/** Receives the data of an event. */
export type Listener<D = unknown> = (data: D) => void;

/** Calls back with each event of a name, until the returned function is called. */
export interface On<C extends Contract = AnyContract> {
  <N extends EventName<C>>(event: N, listener: Listener<EventData<C, N>>): () => void;
  /** Adds several listeners by the names of their events. */
  (listeners: { readonly [N in EventName<C>]?: Listener<EventData<C, N>> }): () => void;
}

/** A lane of the queue, with listeners of its own. */
export interface Channel<C extends Contract = AnyContract> {
  /** Sends a message without a name. Throws as `emit` does. */
  readonly send: (data: unknown, options?: Omit<EmitOptions, 'channel'>) => Sent;
  /** Calls back with each message without a name. Keeps the connection open until the returned function is called. */
  readonly onMessage: (listener: Listener) => () => void;
  readonly emit: <N extends EventName<C>>(
    event: N,
    data: EventData<C, N>,
    options?: Omit<EmitOptions, 'channel'>,
  ) => Sent;
  readonly on: On<C>;
}

/** How much a client has missed while it had no link. */
export interface Reconnection {
  /** Whether it missed nothing: the server knew the session, and no event was dropped. */
  readonly recovered: boolean;
  /** How many events of either side are known to be dropped since the last link. A new session may have missed more. */
  readonly dropped: number;
}
