import { AsyncLocalStorage } from 'node:async_hooks';
import type { Versioned } from './versioned.js';

/** Created with the first cause: it makes each `await` of the process slower. */
let causes: AsyncLocalStorage<Cause> | undefined;
const live = new Set<Cause>();

/** Remembers which revisions a piece of the application's code makes, also after it has awaited something. */
export class Cause {
  readonly #versions = new Map<Versioned, number>();

  /** Runs code whose changes belong to this cause. */
  run<R>(code: () => R): R {
    live.add(this);
    return (causes ??= new AsyncLocalStorage<Cause>()).run(this, code);
  }

  get hasChanged(): boolean {
    return this.#versions.size > 0;
  }

  /** Whether a step of a value, from one version to another, holds a change of this cause. */
  isWithin(versioned: Versioned, from: number, to: number): boolean {
    const version = this.#versions.get(versioned);
    return version !== undefined && from < version && version <= to;
  }

  note(versioned: Versioned, version: number): void {
    this.#versions.set(versioned, version);
  }

  /** Notes that a value which is computed from another one has caught up with it. */
  follow(source: Versioned, derived: Versioned, version: number): void {
    const changed = this.#versions.get(source);
    if (changed !== undefined && changed <= source.position().version && !this.#versions.has(derived))
      this.#versions.set(derived, version);
  }

  /** It will not be asked for any more. */
  end(): void {
    live.delete(this);
  }
}

/** The code that runs has changed a value: the change will be part of that version. */
export function noteChange(versioned: Versioned, version: number): void {
  causes?.getStore()?.note(versioned, version);
}

/** A value that is computed from another one has caught up with it, and is at that version. */
export function noteDerived(source: Versioned, derived: Versioned, version: number): void {
  for (const cause of live) cause.follow(source, derived, version);
}
