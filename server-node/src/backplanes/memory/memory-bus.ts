/* eslint-disable @typescript-eslint/require-await -- the methods must reject, not throw */
import type { Bus } from '../../cluster/bus.js';
import { FanOut } from '../../cluster/fan-out.js';
import type { Unsubscribe } from '../../cluster/log.js';

/** A bus in the memory of the process. */
export class MemoryBus implements Bus {
  readonly limit: number = Infinity;
  readonly #subscribers = new FanOut<string>();

  async publish(subject: string, data: string): Promise<void> {
    queueMicrotask(() => this.#subscribers.tell(subject, data));
  }

  async subscribe(subject: string, fn: (data: string) => void): Promise<Unsubscribe> {
    return this.#subscribers.add(subject, fn);
  }
}
