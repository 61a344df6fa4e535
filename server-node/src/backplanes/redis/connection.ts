/** The connections of a log and a bus to Redis: a connection for commands, and one for messages. */
export interface RedisConnection {
  /** Whether the keys are spread over several servers. */
  readonly isCluster: boolean;
  /** The command that reaches this connection's subscriptions. */
  readonly publish: 'PUBLISH' | 'SPUBLISH';
  /** Sends a command to the server that has `key`. Rejects with `timeout` if there is no connection within 2 s: its cause is the client's last error. */
  send(key: string, args: readonly string[]): Promise<unknown>;
  subscribe(channel: string): Promise<void>;
  unsubscribe(channel: string): void;
  /**
   * The INFO of each server.
   *
   * @param patience how long it may wait for the connection, in ms
   */
  info(section: string, patience?: number): Promise<string[]>;
  close(): Promise<void>;
}

export interface RedisEvents {
  readonly onMessage: (channel: string, message: string) => void;
  /** Messages may have been missed. Subscriptions work again. */
  readonly onDoubt: () => void;
}
