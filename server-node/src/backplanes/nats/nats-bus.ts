import { VeloxError } from '@velox/core/protocol';
import type { Bus } from '../../cluster/bus.js';
import { FanOut } from '../../cluster/fan-out.js';
import type { Unsubscribe } from '../../cluster/log.js';
import { topicKey } from '../../cluster/topic-key.js';
import type { NatsConnection, NatsMessage } from './client.js';

/** A bus by NATS' own subjects. */
export class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  readonly #prefix: string;
  readonly #subscribers: FanOut<string>;
  /** The messages of this turn of the event loop are confirmed together. */
  #flushing: Promise<void> | undefined;

  constructor(
    connection: NatsConnection,
    prefix: string,
    open: (subject: string) => Promise<void>,
    close: (subject: string) => void,
  ) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#subscribers = new FanOut(
      (key) => open(this.#subject(key)),
      (key) => close(this.#subject(key)),
    );
  }

  get limit(): number {
    return this.#connection.info?.max_payload ?? 1_048_576;
  }

  async publish(subject: string, data: string): Promise<void> {
    if (Buffer.byteLength(data) > this.limit)
      throw new VeloxError('too-large', `a message is longer than ${this.limit} bytes. Send it in parts.`);
    this.#connection.publish(this.#subject(topicKey(subject)), data);
    this.#flushing ??= this.#flush();
    await this.#flushing;
  }

  subscribe(subject: string, fn: (data: string) => void, onDoubt?: () => void): Promise<Unsubscribe> {
    return this.#subscribers.add(topicKey(subject), fn, onDoubt);
  }

  tell(message: NatsMessage): void {
    this.#subscribers.tell(message.subject.slice(this.#subject('').length), message.string());
  }

  doubt(): void {
    this.#subscribers.doubt();
  }

  async #flush(): Promise<void> {
    await Promise.resolve();
    this.#flushing = undefined;
    await this.#connection.flush();
  }

  #subject(key: string): string {
    return `${this.#prefix}.bus.${key}`;
  }
}
