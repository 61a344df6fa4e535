import type { DeepReadonly, Snapshot, State } from '../state/state.js';
import type { ViewSource } from './view-source.js';

/** A state whose clients see it through a view. It is changed like any state; only `snapshot` shows what an audience sees. */
export interface ViewedState<T, A, V> extends Pick<State<T>, 'update' | 'set' | 'push' | 'live'> {
  /** Returns the whole value as it is now, for the server alone. Only read it and keep no reference, because it changes in place. */
  get(): DeepReadonly<T>;
  /**
   * Returns the value of an audience with its position. On the client it is `initial`.
   *
   * @throws VeloxError `too-many` if there are as many audiences as `limits.audiences`, `not-json`; the view's error, if it
   *   fails.
   */
  snapshot(audience: A): Snapshot<V>;
}

const all = new WeakSet<object>();

/** Combines a state with the source of its views. */
export function createViewedState<T, A, V>(state: State<T>, source: ViewSource): ViewedState<T, A, V> {
  const viewed: ViewedState<T, A, V> = {
    get: () => state.get(),
    update: (recipe) => state.update(recipe),
    set: (next) => state.set(next),
    push: () => state.push(),
    live: () => state.live(),
    snapshot: (audience) => source.snapshot(audience) as Snapshot<V>,
  };
  all.add(viewed);
  return viewed;
}

/** Whether a value is a state with views. */
export function isViewedState(value: unknown): boolean {
  return all.has(value as object);
}
