import type { Budget, Position } from '@velox/core/protocol';
import { LocalState } from '../../src/state/local-state.js';
import type { StateOptions } from '../../src/state/state.js';
import type { RevisionListener, Versioned } from '../../src/state/versioned.js';

/** A value as those of caches and replicated logs are: its epoch may change, it may lose revisions, and it may be outdated for a while. */
export class MovableValue<T> implements Versioned {
  readonly isThrottled = false;
  readonly #options: StateOptions;
  readonly #listeners = new Set<RevisionListener>();
  readonly #relay: RevisionListener = {
    onRevision: () => this.#tell(),
    onChange: () => {
      for (const listener of this.#listeners) listener.onChange?.();
    },
  };
  #state: LocalState<T>;
  #id: string;
  #stale: string | undefined;
  /** The number added to the versions of the state. */
  #base = 0;

  constructor(value: T, options: StateOptions = {}) {
    this.#options = options;
    this.#state = new LocalState(value, options);
    this.#id = this.#state.id;
    this.#listen();
  }

  position(): Position {
    return { id: this.#id, version: this.#base + this.#state.position().version };
  }

  text(): string {
    return this.#state.text();
  }

  get size(): number {
    return this.#state.size;
  }

  since(version: number): string | undefined {
    return this.#state.since(version - this.#base);
  }

  hash(budget?: Budget): string | undefined {
    return this.#state.hash(budget);
  }

  get resume(): 'anyone' | undefined {
    return this.#state.resume;
  }

  get stale(): string | undefined {
    return this.#stale;
  }

  listen(listener: RevisionListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: RevisionListener): void {
    this.#listeners.delete(listener);
  }

  /** How many broadcasts observe it. */
  get observers(): number {
    return this.#listeners.size;
  }

  get id(): string {
    return this.#id;
  }

  get(): T {
    return this.#state.get() as T;
  }

  update(recipe: (draft: T) => void): void {
    this.#state.update(recipe);
  }

  set(value: T): void {
    this.#state.set(value);
  }

  setStale(stale: string | undefined): void {
    this.#stale = stale;
    for (const listener of [...this.#listeners]) listener.onRevision();
  }

  /** Begins a new epoch with another value, at a version. */
  renew(value: T, version: number): void {
    this.#replace(value, version);
    this.#id = this.#state.id;
    this.#tell();
  }

  /** Goes back to an earlier value at an earlier version of the same epoch. */
  lose(value: T, version: number): void {
    this.#replace(value, version);
    this.#tell();
  }

  #replace(value: T, version: number): void {
    this.#state.unlisten(this.#relay);
    this.#state = new LocalState(value, this.#options);
    this.#base = version - 1;
    this.#listen();
  }

  #listen(): void {
    this.#state.listen(this.#relay);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) {
      listener.onChange?.();
      listener.onRevision();
    }
  }
}
