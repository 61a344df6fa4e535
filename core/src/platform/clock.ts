/** Milliseconds of a clock that is never set: every duration is measured by it, since the wall clock may jump. */
export const now = (): number => performance.now();
