import type { DeepReadonly, Snapshot, State } from '../state/state.js';
import type { ViewSource } from './view-source.js';

/** A state whose clients see it through a view. It is changed like any state; only `snapshot` shows what an audience sees. */
export class ViewedState<T, A, V> {
  readonly #state: State<T>;
  readonly #source: ViewSource;

  constructor(state: State<T>, source: ViewSource) {
    this.#state = state;
    this.#source = source;
  }

  /** The whole value as it is now, for the server alone. It is live: look, and do not keep. */
  get(): DeepReadonly<T> {
    return this.#state.get();
  }

  /** Changes the value by a recipe, see {@link State.update}. */
  update(recipe: (draft: T) => T | void): void {
    this.#state.update(recipe);
  }

  /** Makes the value equal `next`, see {@link State.set}. */
  set(next: T): void {
    this.#state.set(next);
  }

  /** Publishes the application's changes in its object, see {@link State.push}. */
  push(): void {
    this.#state.push();
  }

  /** The value as a draft that lasts, see {@link State.live}. */
  live(): T {
    return this.#state.live();
  }

  /**
   * The value of an audience, and its position; on the client it is `initial`.
   *
   * @throws VeloxError `too-many` if there are as many audiences as `limits.audiences`, `not-json`; the view's error, if it
   *   fails.
   */
  snapshot(audience: A): Snapshot<V> {
    return this.#source.snapshot(audience) as Snapshot<V>;
  }
}
