import { currentCauses, runAs, type Cause } from '../state/cause.js';
import type { Versioned } from '../state/versioned.js';

/** How many are remembered, for a row whose fetches fail. */
const MOST = 100;

/** A cause that has notified of a change. */
interface Notifier {
  readonly cause: Cause;
  /** The moment. Only a fetch that began later has the change. */
  readonly at: number;
  readonly onTaken: () => void;
}

/** The causes that have notified of a change of a row, until a fetch brings it. */
export class Notifiers {
  #waiting: readonly Notifier[] = [];

  /** The code that runs has notified of a change at a moment. */
  add(row: Versioned, at: number): void {
    const isWaiting = (cause: Cause): boolean => this.#waiting.some((each) => each.cause === cause);
    const causes = currentCauses().filter((cause) => !isWaiting(cause));
    const added = causes.map((cause) => ({ cause, at, onTaken: cause.expect(row) }));
    this.#waiting = [...this.#waiting, ...added];
    this.#drop(this.#waiting.slice(0, -MOST));
  }

  /** Whether all causes have notified after a moment: a fetch that began then has their changes or not. False if some are forgotten. */
  isTooEarly(began: number): boolean {
    const { length } = this.#waiting;
    return length > 0 && length < MOST && this.#waiting.every(({ at }) => at > began);
  }

  /** Runs code that takes the row of a fetch that began at a moment, or was put then: the change is that of the causes before. */
  take(began: number, change: () => void): void {
    const due = this.#waiting.filter(({ at }) => at < began);
    if (due.length === 0) return change();
    runAs([...currentCauses(), ...due.map(({ cause }) => cause)], change);
    this.#drop(due);
  }

  /** The row will not change any more. */
  end(): void {
    this.#drop(this.#waiting);
  }

  #drop(dropped: readonly Notifier[]): void {
    if (dropped.length === 0) return;
    this.#waiting = this.#waiting.filter((each) => !dropped.includes(each));
    for (const { onTaken } of dropped) onTaken();
  }
}
