import { VeloxError } from '@velox/core/protocol';
import type { Bus } from '../../cluster/bus.js';
import { FanOut } from '../../cluster/fan-out.js';
import type { Unsubscribe } from '../../cluster/log.js';
import type { Channels } from './channels.js';
import type { Listener } from './listener.js';

/** A bus by LISTEN and NOTIFY. */
export class PostgresBus implements Bus {
  /** A notification has at most 7,999 bytes, and ours begins with a number. */
  readonly limit = 7_900;
  readonly #listener: Listener;
  readonly #channels: Channels;
  readonly #subscribers: FanOut<string>;
  #sent = 0;

  constructor(listener: Listener, channels: Channels) {
    this.#listener = listener;
    this.#channels = channels;
    this.#subscribers = new FanOut(
      (channel) => listener.listen(channel),
      (channel) => listener.unlisten(channel),
    );
  }

  async publish(subject: string, data: string): Promise<void> {
    if (Buffer.byteLength(data) > this.limit)
      throw new VeloxError('too-large', `a message is longer than ${this.limit} bytes. Send it in parts.`);
    // The number keeps equal messages of one query apart: PostgreSQL would deliver one of them.
    await this.#listener.notify(this.#channels.ofSubject(subject), `${(this.#sent++).toString(36)} ${data}`);
  }

  subscribe(subject: string, fn: (data: string) => void, onDoubt?: () => void): Promise<Unsubscribe> {
    return this.#subscribers.add(this.#channels.ofSubject(subject), fn, onDoubt);
  }

  tell(channel: string, payload: string): void {
    this.#subscribers.tell(channel, payload.slice(payload.indexOf(' ') + 1));
  }

  doubt(): void {
    this.#subscribers.doubt();
  }
}
