import type { Log, Unsubscribe } from './log.js';

/**
 * Messages between nodes, at most once. A subscriber gets the messages of one publisher and subject in order, and also its own.
 * While a node is disconnected, it gets nothing.
 */
export interface Bus {
  /** UTF-8 bytes of the longest message. `withParts` removes the limit. */
  readonly limit: number;
  /**
   * Sends `data` to all subscribers. Resolves when the engine has it, also if there are no subscribers. Calls that do not wait for each
   * other keep their order. Rejects with `too-large` above `limit`.
   *
   * @param subject any string
   * @param data well-formed text without NUL, such as JSON text
   */
  publish(subject: string, data: string): Promise<void>;
  /**
   * Calls `fn` with the messages of a subject.
   *
   * @param onDoubt messages may have been missed, for example by a reconnect
   * @returns when messages that are published from now on will be received
   */
  subscribe(subject: string, fn: (data: string) => void, onDoubt?: () => void): Promise<Unsubscribe>;
}

/** An engine that keeps revisions. */
export interface LogPart {
  readonly log: Log;
  /** Whether an acknowledged revision survives power cuts and failovers, as the engine is set up. */
  readonly durable: boolean;
  /** Whether other processes can reach the engine. */
  readonly shared: boolean;
  /** Ends the connections and timers that the backplane made, not the clients that were passed in. Close the hubs before. */
  close(): Promise<void>;
}

/** An engine that carries messages. */
export interface BusPart {
  readonly bus: Bus;
  /** Ends the connections and timers that the backplane made, not the clients that were passed in. */
  close(): Promise<void>;
}

/** Makes many servers one: a log that keeps shared states, and a bus between the nodes. */
export interface Backplane extends LogPart, BusPart {}
