/** The part of a message that is used. */
export interface NatsMessage {
  readonly subject: string;
  readonly reply?: string | undefined;
  readonly headers?: { readonly code: number; get(name: string): string } | undefined;
  string(): string;
}
/** The part of a connection that is used; `connect` in `@nats-io/transport-node` returns one. */
export interface NatsConnection {
  readonly info?:
    { readonly server_id: string; readonly max_payload: number; readonly jetstream?: boolean } | undefined;
  publish(subject: string, payload?: string): void;
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: NatsMessage) => void },
  ): { unsubscribe(): void };
  request(subject: string, payload?: string, options?: { timeout: number }): Promise<NatsMessage>;
  requestMany(
    subject: string,
    payload: string,
    options: { strategy: 'count'; maxMessages: number; maxWait: number; noMux: boolean },
  ): Promise<AsyncIterable<NatsMessage>>;
  flush(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }>;
}
/** The part of a JetStream client that is used; `jetstream(connection)` in `@nats-io/jetstream` returns one. */
export interface NatsJetStream {
  publish(
    subject: string,
    payload: string,
    options?: { expect: { lastSubjectSequence: number } },
  ): Promise<{ readonly seq: number }>;
}
