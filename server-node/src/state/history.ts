/** How much of a state's past is kept, whichever is less, and never more than the length of the value: then clients get the value. */
export interface HistoryLimits {
  /** Default 1,000. */
  readonly revisions: number;
  /** Characters of patch text; default 1 MiB (1,048,576). */
  readonly size: number;
  /**
   * `anyone`: a client that names any version of the history receives all steps since then, also data removed before it was
   * authorized. Only for public topics. Default: in a hub with `authorize` or `canSubscribe`, only steps since a version that the
   * client was given.
   */
  readonly resume?: 'anyone' | undefined;
}

/** The ring of a state's recent revisions, for resume: consecutive versions without a hole. */
export class History {
  readonly #limits: HistoryLimits;
  #patches: string[] | undefined;
  #size = 0;
  /** The version that the newest patch leads to. */
  #version: number;

  constructor(version: number, limits: HistoryLimits) {
    this.#version = version;
    this.#limits = limits;
  }

  /**
   * Adds the step to the next version, and removes the oldest steps beyond the limits.
   *
   * @param patch an array of operations as JSON text
   * @param longest characters that no snapshot has more bytes than: more steps than that are of no use
   */
  add(patch: string, longest: number): void {
    this.#version++;
    // A push to an empty list would make room for 16 more: if there are many rows, most have few steps.
    if (this.#patches) this.#patches.push(patch);
    else this.#patches = [patch];
    this.#size += patch.length;
    this.#trim(this.#patches, longest);
  }

  /** Takes as little memory as steps of at most `longest` characters together need. */
  compact(longest: number): void {
    if (!this.#patches) return;
    this.#trim(this.#patches, longest);
    this.#patches = [...this.#patches]; // without the room for further ones
  }

  /** Steps to the next version without a patch: nothing before it can be resumed from. */
  skip(): void {
    this.#version++;
    this.#patches = undefined;
    this.#size = 0;
  }

  /** All operations after `version` as one JSON array, or undefined if the ring does not reach back so far. */
  since(version: number): string | undefined {
    const missing = this.#version - version;
    const patches = this.#patches;
    if (!patches || missing < 1 || missing > patches.length) return undefined;
    if (missing === 1) return patches.at(-1);
    return `[${patches
      .slice(-missing)
      .map((patch) => patch.slice(1, -1))
      .join(',')}]`;
  }

  #trim(patches: string[], longest: number): void {
    const most = Math.min(this.#limits.size, longest);
    while (patches.length > this.#limits.revisions || this.#size > most) {
      this.#size -= patches.shift()?.length ?? 0;
    }
  }
}
