import type { Budget, Position } from '@velox/core/protocol';
import { LocalState } from '../state/local-state.js';
import type { StateOptions } from '../state/state.js';
import type { RevisionListener, Versioned } from '../state/versioned.js';
import { currentCauses } from '../state/cause.js';
import { Notifiers } from './notifiers.js';

const NONE: readonly string[] = [];

/** The value of one row: a state that fetches set, and the code of the reason why it may be outdated. */
export class RowValue implements Versioned {
  readonly #state: LocalState<unknown>;
  /** The row's broadcast, which is the only one. */
  #listener: RevisionListener | undefined;
  readonly isPersonal: boolean;
  #related = NONE;
  #stale: string | undefined;
  /** Created when a cause notifies. */
  #notifiers: Notifiers | undefined;

  /**
   * @param isPersonal whether it is the value of one audience
   * @throws VeloxError `not-json`, `too-deep`.
   */
  constructor(value: unknown, options: Pick<StateOptions, 'key'>, isPersonal: boolean) {
    this.#state = new LocalState(value, { ...options, ownership: 'owned' }, this);
    this.isPersonal = isPersonal;
  }

  /** The code that runs has notified of a change at a moment of {@link Changes}. */
  notified(moment: number): void {
    if (currentCauses().length > 0) (this.#notifiers ??= new Notifiers()).add(this, moment);
  }

  /**
   * Replaces the value and ends `stale`.
   *
   * @param began the moment when the fetch began
   * @throws VeloxError `not-json`, `too-deep`. The value is then as it was.
   */
  set(value: unknown, began: number): void {
    if (this.#notifiers) this.#notifiers.take(began, () => this.#state.replace(value));
    else this.#state.replace(value);
    this.#setStale(undefined);
  }

  /** Whether all changes that are expected were notified after the moment when a fetch began: it has them or not. */
  isTooEarly(began: number): boolean {
    return this.#notifiers?.isTooEarly(began) === true;
  }

  /** No fetch brings it any more. */
  end(): void {
    this.#notifiers?.end();
  }

  /** Notes the topics of the rows that were read along. */
  noteRelated(related: ReadonlyMap<string, unknown>): void {
    this.#related = related.size > 0 ? [...related.keys()] : NONE;
  }

  get related(): readonly string[] {
    return this.#related;
  }

  /** Notes why the value may be outdated. */
  doubt(code: string): void {
    this.#setStale(code);
  }

  get stale(): string | undefined {
    return this.#stale;
  }

  get size(): number {
    return this.#state.size;
  }

  get isThrottled(): boolean {
    return false;
  }

  position(): Position {
    return this.#state.position();
  }

  text(): string {
    return this.#state.text();
  }

  since(version: number): string | undefined {
    return this.#state.since(version);
  }

  hash(budget?: Budget): string | undefined {
    return this.#state.hash(budget);
  }

  listen(listener: RevisionListener): void {
    this.#state.listen(listener);
    this.#listener = listener;
  }

  unlisten(listener: RevisionListener): void {
    this.#state.unlisten(listener);
    if (this.#listener === listener) this.#listener = undefined;
  }

  rest(): void {
    this.#state.rest();
  }

  #setStale(code: string | undefined): void {
    if (this.#stale === code) return;
    this.#stale = code;
    this.#listener?.onRevision();
  }
}
