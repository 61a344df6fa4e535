import type { Bus } from '../cluster/bus.js';
import type { Unsubscribe } from '../cluster/log.js';

/** The wait before a subscription that failed is tried again, in ms. */
const RETRY_MS = 1_000;
/** How long a subscription is waited for, in ms, if the engine is down. */
const PATIENCE_MS = 2_000;

interface Interest {
  end?: Unsubscribe;
  ready?: Promise<void>;
}

/** The subjects of the bus that a node wants to hear, and nothing else. */
export class Interests {
  readonly #bus: Bus;
  readonly #wanted = new Map<string, Interest>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /**
   * Calls `fn` with the messages of a subject until `drop`. Idempotent.
   *
   * @param onDoubt messages may have been missed
   * @param isLate whether the messages before the subscription count as missed
   * @returns when messages that are published from now on will be received, or after 2 s without the engine
   */
  add(subject: string, fn: (data: string) => void, onDoubt?: () => void, isLate = false): Promise<void> {
    const known = this.#wanted.get(subject)?.ready;
    if (known) return known;
    const interest: Interest = {};
    this.#wanted.set(subject, interest);
    const subscribed = this.#subscribe(subject, interest, fn, onDoubt, isLate);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS).unref()));
    return (interest.ready = Promise.race([subscribed, late]).finally(() => clearTimeout(timer)));
  }

  drop(subject: string): undefined {
    const interest = this.#wanted.get(subject);
    this.#wanted.delete(subject);
    interest?.end?.();
  }

  close(): void {
    for (const subject of [...this.#wanted.keys()]) this.drop(subject);
  }

  async #subscribe(
    subject: string,
    interest: Interest,
    fn: (data: string) => void,
    onDoubt: (() => void) | undefined,
    isLate: boolean,
  ): Promise<void> {
    for (let isDoubtful = isLate; this.#wanted.get(subject) === interest; isDoubtful = true) {
      try {
        const end = await this.#bus.subscribe(subject, fn, onDoubt);
        if (this.#wanted.get(subject) !== interest) return end();
        interest.end = end;
        if (isDoubtful) onDoubt?.();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }
}
