import type { Connection } from '../connection/options.js';

/** A change that is shown while its call is under way. */
export interface OptimisticChange {
  /**
   * Shows it, until the returned function is called.
   *
   * @param call the number of the call, which a `made` frame names before the state frame that has its effect
   */
  readonly begin: (call: number, onFrame: Connection['onFrame']) => () => void;
}
