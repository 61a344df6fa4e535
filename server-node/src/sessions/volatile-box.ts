import type { Message } from '../wire/message.js';

/** The most events that wait for a full outlet. */
const MOST_WAITING = 64;

/** The most events of one tick. */
const MOST_READY = 1_000;

/**
 * The volatile events of a session. While its outlet is full, the newest event of each key waits, and older ones are dropped: a client
 * that reads slowly receives the latest position of a cursor, not an arbitrary one.
 */
export class VolatileBox {
  #ready: Message[] = [];
  readonly #waiting = new Map<string, Message>();

  get hasPending(): boolean {
    return this.#ready.length > 0 || this.#waiting.size > 0;
  }

  add(message: Message, key: string, isFull: boolean): void {
    if (!isFull && this.#ready.length < MOST_READY) return void this.#ready.push(message);
    this.#waiting.delete(key); // the newest comes last
    this.#waiting.set(key, message);
    if (this.#waiting.size <= MOST_WAITING) return;
    for (const oldest of this.#waiting.keys()) return void this.#waiting.delete(oldest);
  }

  /** Returns the next event to be written, which is then forgotten. */
  next(): Message | undefined {
    const ready = this.#ready.shift();
    if (ready) return ready;
    for (const [key, waiting] of this.#waiting) {
      this.#waiting.delete(key);
      return waiting;
    }
    return undefined;
  }

  /** The link is lost. */
  clear(): void {
    this.#ready = [];
    this.#waiting.clear();
  }
}
