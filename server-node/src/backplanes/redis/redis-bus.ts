import { VeloxError } from '@velox/core/protocol';
import type { Bus } from '../../cluster/bus.js';
import { FanOut } from '../../cluster/fan-out.js';
import type { Unsubscribe } from '../../cluster/log.js';
import { topicKey } from '../../cluster/topic-key.js';
import type { RedisConnection } from './connection.js';

/** A bus by Redis' publish and subscribe. */
export class RedisBus implements Bus {
  /** Redis allows more, but cuts off a subscriber that has 32 MB waiting. */
  readonly limit = 1_048_576;
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #subscribers: FanOut<string>;

  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#subscribers = new FanOut(
      (channel) => connection.subscribe(channel),
      (channel) => connection.unsubscribe(channel),
    );
  }

  async publish(subject: string, data: string): Promise<void> {
    if (Buffer.byteLength(data) > this.limit)
      throw new VeloxError('too-large', `a message is longer than ${this.limit} bytes. Send it in parts.`);
    const channel = this.#channel(subject);
    await this.#connection.send(channel, [this.#connection.publish, channel, data]);
  }

  subscribe(subject: string, fn: (data: string) => void, onDoubt?: () => void): Promise<Unsubscribe> {
    return this.#subscribers.add(this.#channel(subject), fn, onDoubt);
  }

  tell(channel: string, message: string): void {
    this.#subscribers.tell(channel, message);
  }

  doubt(): void {
    this.#subscribers.doubt();
  }

  #channel(subject: string): string {
    return `${this.#prefix}bus:{${topicKey(subject)}}`;
  }
}
