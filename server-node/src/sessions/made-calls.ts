import { Cause } from '../state/cause.js';
import type { Versioned } from '../state/versioned.js';

/** How many calls are remembered after their reply. */
const REMEMBERED = 100;

/**
 * The optimistic calls of a session, and the revisions that they made. A client that loses its link may get such a revision on the next
 * one, so the last calls are remembered.
 */
export class MadeCalls {
  readonly #running = new Map<number, Cause>();
  readonly #ended = new Map<number, Cause>();

  /** Runs the handler of a call. A former call of the same number is forgotten. */
  run<R>(call: number, handler: () => R): R {
    this.forget(call);
    const cause = new Cause();
    this.#running.set(call, cause);
    return cause.run(handler);
  }

  /** A call gets its reply. */
  ended(call: number): void {
    const cause = this.#running.get(call);
    if (!cause) return;
    this.#running.delete(call);
    if (cause.hasChanged) this.#ended.set(call, cause);
    else cause.end();
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED) this.forget(oldest as number);
  }

  /** The client does not wait for a call any more. */
  forget(call: number): void {
    for (const calls of [this.#running, this.#ended]) {
      calls.get(call)?.end();
      calls.delete(call);
    }
  }

  /** The calls with changes in a step of a value, from one version to another. */
  within(versioned: Versioned, from: number, to: number): number[] {
    return [...this.#ended, ...this.#running]
      .filter(([, cause]) => cause.isWithin(versioned, from, to))
      .map(([call]) => call);
  }

  /** Forgets all calls, when the session has ended. */
  clear(): void {
    for (const calls of [this.#running, this.#ended]) for (const call of [...calls.keys()]) this.forget(call);
  }
}
