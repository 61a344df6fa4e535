import type { Patch } from '../protocol/patch.js';

/** Decides what a replica shows: its value with changes that the server has not confirmed. */
export interface Layer {
  /** A state frame has arrived. */
  readonly seen: () => void;
  /**
   * Returns the value to show.
   *
   * @param patches the changes of the value; the layer puts its own around them
   */
  readonly show: (value: unknown, patches: Patch[]) => unknown;
}

/** The method by which a replica takes a layer. It returns a function that publishes the value again. */
export const LAYER: unique symbol = Symbol();

/** A replica that takes a layer. */
export interface Layered {
  readonly [LAYER]: (layer: Layer) => () => void;
}
