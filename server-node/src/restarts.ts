/** The wait before a process is started again, in ms: doubled each time, up to the longest. */
const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** A process that has lived so long has started well, in ms. */
const GOOD_MS = 10_000;
/** So many early ends in a row are no accident. The waits between them add up to a minute. */
const MOST_EARLY = 8;

/** Decides when a process that ended is started again: soon, later with each early end, and at last never. */
export class Restarts {
  #early = 0;

  /**
   * @param lifetime how long the process has lived, in ms
   * @returns the ms until its successor starts; undefined: no more
   */
  next(lifetime: number): number | undefined {
    this.#early = lifetime < GOOD_MS ? this.#early + 1 : 0;
    if (this.#early >= MOST_EARLY) return undefined;
    return Math.min(FIRST_MS * 2 ** Math.max(this.#early - 1, 0), LONGEST_MS);
  }
}
