import type { Bus } from '../cluster/bus.js';
import type { Unsubscribe } from '../cluster/log.js';

/** The wait before a subscription that failed is tried again, in ms. */
const RETRY_MS = 1_000;

/** The subjects of the bus that a node wants to hear, and nothing else. */
export class Interests {
  readonly #bus: Bus;
  readonly #wanted = new Map<string, { end?: Unsubscribe }>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /**
   * Calls `fn` with the messages of a subject until `drop`. Idempotent.
   *
   * @param onDoubt messages may have been missed
   */
  add(subject: string, fn: (data: string) => void, onDoubt?: () => void): void {
    if (this.#wanted.has(subject)) return;
    const interest = {};
    this.#wanted.set(subject, interest);
    void this.#subscribe(subject, interest, fn, onDoubt);
  }

  drop(subject: string): void {
    const interest = this.#wanted.get(subject);
    this.#wanted.delete(subject);
    interest?.end?.();
  }

  close(): void {
    for (const subject of [...this.#wanted.keys()]) this.drop(subject);
  }

  async #subscribe(
    subject: string,
    interest: { end?: Unsubscribe },
    fn: (data: string) => void,
    onDoubt?: () => void,
  ): Promise<void> {
    for (let isFirst = true; this.#wanted.get(subject) === interest; isFirst = false) {
      try {
        const end = await this.#bus.subscribe(subject, fn, onDoubt);
        if (this.#wanted.get(subject) !== interest) return end();
        interest.end = end;
        if (!isFirst) onDoubt?.();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }
}
