import type { Exchange } from '../transports/exchange.js';

/** The other nodes of a cluster, as requests need them. */
export interface Elsewhere {
  /** Whether another node has the session of an id. */
  hasSession(id: string): boolean;
  /**
   * Lets the node of a session serve an exchange, and answers with its answer.
   *
   * @returns the outcome
   * @throws VeloxError `unknown-session` if that node is gone, `unavailable` without a bus, `too-many`, `timeout`, and as `Exchange.body`
   */
  forward(session: string, exchange: Exchange, cors: Readonly<Record<string, string>>): Promise<string>;
  /** Ends all exchanges that are under way. */
  close(): Promise<void>;
}
