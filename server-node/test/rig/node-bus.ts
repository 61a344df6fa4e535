import { VeloxError } from '@velox/core/protocol';
import type { Bus } from '../../src/cluster/bus.js';
import type { Unsubscribe } from '../../src/cluster/log.js';

/** The node that a message comes from. */
const PUBLISHER = /"from":"[a-z]+"/;

/** The bus as one node reaches it, with faults that can be switched on. */
export class NodeBus implements Bus {
  readonly limit: number;
  readonly #bus: Bus;
  readonly #onDoubt = new Set<() => void>();
  #state: 'up' | 'down' | 'dead' = 'up';
  /** How long a subscription takes to have an effect, in ms. */
  subscribeMs: (subject: string) => number = () => 0;
  /** How late this node hears a message, in ms; undefined: never. Messages of one publisher and subject keep their order. */
  hearMs: (subject: string, data: string) => number | undefined = () => 0;

  constructor(bus: Bus) {
    this.#bus = bus;
    this.limit = bus.limit;
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** The process of the node ends without a word. */
  die(): void {
    this.#state = 'dead';
  }

  /** The node loses its connection to the engine, and what is published meanwhile. */
  disconnect(): void {
    if (this.#state === 'up') this.#state = 'down';
  }

  /** The node is connected again, and its subscribers hear that they may have missed messages. */
  reconnect(): void {
    if (this.#state !== 'down') return;
    this.#state = 'up';
    for (const onDoubt of [...this.#onDoubt]) onDoubt();
  }

  async publish(subject: string, data: string): Promise<void> {
    if (this.#state === 'down') throw new VeloxError('unavailable', 'the engine is away. Try again later.');
    if (this.#state === 'up') await this.#bus.publish(subject, data);
  }

  async subscribe(subject: string, fn: (data: string) => void, onDoubt?: () => void): Promise<Unsubscribe> {
    if (this.#state === 'down') throw new VeloxError('unavailable', 'the engine is away. Try again later.');
    const ms = this.subscribeMs(subject);
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    const lastAt = new Map<string, number>();
    const hear = (data: string): void => {
      if (this.#state !== 'up') return;
      const late = this.hearMs(subject, data);
      if (late === undefined) return;
      const [publisher = ''] = PUBLISHER.exec(data) ?? [];
      const now = performance.now();
      const at = Math.max(lastAt.get(publisher) ?? 0, now + late);
      if (at === now) return fn(data);
      lastAt.set(publisher, at);
      setTimeout(() => this.#state === 'up' && fn(data), at - now);
    };
    const end = await this.#bus.subscribe(subject, hear);
    if (onDoubt) this.#onDoubt.add(onDoubt);
    return () => {
      if (onDoubt) this.#onDoubt.delete(onDoubt);
      end();
    };
  }
}
