import type { Position } from '@velox/core/protocol';
import type { RecorderOptions } from '../recording/recorder.js';
import type { HistoryLimits } from './history.js';

/** Everything inside is read-only, by type alone. */
export type DeepReadonly<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** How a state keeps its value and its past, and how often it delivers. */
export interface StateOptions extends Pick<RecorderOptions, 'depth' | 'key' | 'keep$'> {
  /** Least time between two deliveries in ms. The first is immediate, and the last is never lost. Default 0: each tick delivers. */
  readonly throttle?: number;
  /**
   * `owned`: the state keeps a copy, changed by `update`, `set` or `live`. `watched`: the application changes its object, then calls
   * `push`. Default: the first change decides.
   */
  readonly ownership?: 'owned' | 'watched';
  /** Default 1,000 revisions or 1 MiB of patch text, whichever is less. */
  readonly history?: Partial<HistoryLimits>;
}

/** A value with its position, from which a client starts (`initial`). */
export interface Snapshot<T> extends Position {
  readonly body: T;
}

/**
 * A topic whose value lives in this process. Its first change decides how it is changed: by `update`, `set` or `live` (the state
 * **owns** its value, a copy of the value that it was created with), or by `push` (it **watches** an object of the application).
 */
export interface State<T> {
  /** Returns the value as it is now. Only read it and keep no reference, because it changes in place. `snapshot` returns a copy. */
  get(): DeepReadonly<T>;
  /**
   * Changes the value by a recipe that mutates a draft of it, or returns a new value. All changes of one tick leave as one
   * revision. On a watched state the recipe runs on the application's object, which is then pushed; a returned value becomes the object's
   * members. An object with `toJSON` is not undone there.
   *
   * @example state.update((draft) => { draft.rows[7].price = 12 })
   * @throws the error that the recipe throws; VeloxError `not-json`, `too-deep`, `async-recipe`. The value is then as it was.
   */
  update(recipe: (draft: T) => T | void): void;
  /**
   * Makes the value equal `next`. Parts that are `===` to parts of the last given value and were frozen then are skipped, so a result of
   * immer costs little. Everything else is compared.
   *
   * @throws VeloxError `state-watched`, `not-json`, `too-deep`.
   */
  set(next: T): void;
  /**
   * Publishes the application's changes in the object that the state was created with.
   *
   * @throws VeloxError `state-owned` if `update`, `set` or `live` came first; `not-json`, `too-deep`. The value is then as it was.
   */
  push(): void;
  /**
   * Returns the value as a lasting draft: every write anywhere inside is recorded, and leaves with its tick.
   *
   * @throws VeloxError `state-watched`; its writes throw `not-json`, `too-deep`.
   */
  live(): T;
  /** Returns the position of the value, with every change made so far. */
  position(): Position;
  /** Returns a copy of the value with its position. On the client it is `initial`. */
  snapshot(): Snapshot<T>;
}
