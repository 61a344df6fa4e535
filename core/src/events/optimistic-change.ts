/** A change that is shown while its call is under way. */
export interface OptimisticChange {
  /** Shows it. */
  readonly begin: () => ShownChange;
}

/** A change that is shown. */
export interface ShownChange {
  /** The next state frame of the topic (default: the default topic) has the effect of the call. */
  readonly made: (topic?: string) => void;
  /** The call has ended: the change is not shown any more. */
  readonly end: () => void;
}
