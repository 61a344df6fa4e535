import { hasCauses } from '../state/cause.js';
import type { Origin, Step, Versioned } from '../state/versioned.js';

/** How many steps are remembered. */
const MOST_STEPS = 32;

/** The steps of a source that led to the last versions of a value that is computed from it. */
export class DerivedSteps implements Origin {
  readonly versioned: Versioned;
  /** The version of the computed value, and the one of the source that it includes. */
  #version = 0;
  #included = 0;
  /** The last one led to the present version. There are none until there is a cause that asks for them. */
  readonly #steps: Step[] = [];

  constructor(source: Versioned) {
    this.versioned = source;
  }

  /** The computed value has that version now, and includes that version of the source. */
  advance(version: number, included: number): void {
    if (version !== this.#version && hasCauses()) {
      this.#steps.push({ from: this.#included, to: included });
      if (this.#steps.length > MOST_STEPS) this.#steps.shift();
    }
    this.#version = version;
    this.#included = included;
  }

  stepsSince(version: number): readonly Step[] {
    const missing = this.#version - version;
    const known = this.#steps;
    if (missing <= known.length) return known.slice(known.length - missing);
    return [{ from: 0, to: known[0]?.from ?? this.#included }, ...known];
  }
}
