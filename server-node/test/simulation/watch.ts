import type { VirtualTime } from '../../src/testing/virtual-time.js';

/** As much of a violation as one wants to read. */
const LEGIBLE = 300;

/** The log of a run so far, and its first violation. */
export class Watch {
  readonly #time: VirtualTime;
  readonly #isKept: boolean;
  /** A forbidden event that happened, with its time. */
  violation: string | undefined;
  /** All events, if they are kept. */
  readonly log: string[] = [];
  #digest = 0x811c9dc5;

  constructor(time: VirtualTime, isKept: boolean) {
    this.#time = time;
    this.#isKept = isKept;
  }

  /** A number that two runs share if and only if (nearly) the same happened. FNV-1a, 32 bit. */
  get digest(): number {
    return this.#digest >>> 0;
  }

  /** Something happened. */
  note(what: string): void {
    const line = `${this.#time.now.toFixed(1)} ${what}`;
    if (this.#isKept) this.log.push(line);
    for (let at = 0; at < line.length; at++) {
      this.#digest = Math.imul(this.#digest ^ line.charCodeAt(at), 0x01000193);
    }
  }

  /** Something that must hold; `what` says what was seen instead. */
  check(holds: boolean, what: () => string): void {
    if (!holds) this.fail(what());
  }

  fail(what: string): void {
    this.note(`VIOLATION ${what}`);
    this.violation ??= `${what.slice(0, LEGIBLE)} (after ${this.#time.now.toFixed(0)} ms)`;
  }
}
