/** Milliseconds of a clock that is never set: every duration is measured by it, since the wall clock may jump. */
export const now = (): number => performance.now();

/** The longest time that a timer can wait, in ms. A timer of more fires immediately. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;
