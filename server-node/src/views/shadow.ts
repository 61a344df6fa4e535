import { apply, type Operation, type Position } from '@velox/core/protocol';
import type { Versioned } from '../state/versioned.js';
import { freeze } from './freeze.js';

/**
 * An immutable value that follows a source by its steps: each version shares the untouched parts with the one before. The source's own
 * value is written in place, so a projection of it would share nothing with the last one.
 */
export class Shadow {
  readonly #source: Versioned;
  readonly #isFrozen: boolean;
  #position: Position | undefined;
  #value: unknown;
  #count = 0;

  /** @param isFrozen whether its values are frozen, so that code which writes to them fails */
  constructor(source: Versioned, isFrozen: boolean) {
    this.#source = source;
    this.#isFrozen = isFrozen;
  }

  /** The source's value now. */
  get value(): unknown {
    this.#follow();
    return this.#value;
  }

  /** The version of the source that the value was read at last. */
  get version(): number {
    return this.#position?.version ?? 0;
  }

  /** A number that changes with the value. */
  get count(): number {
    this.#follow();
    return this.#count;
  }

  /** Frees the value until it is read again. */
  forget(): void {
    this.#position = this.#value = undefined;
  }

  #follow(): void {
    const next = this.#source.position();
    const former = this.#position;
    if (former?.version === next.version && former.id === next.id) return;
    const steps = former?.id === next.id ? this.#source.since(former.version) : undefined;
    this.#position = undefined; // a step that fails must not leave an old value behind
    this.#value =
      steps === undefined
        ? (JSON.parse(this.#source.text()) as unknown)
        : apply(this.#value, JSON.parse(steps) as Operation[]);
    if (this.#isFrozen) freeze(this.#value);
    this.#position = next;
    this.#count++;
  }
}
