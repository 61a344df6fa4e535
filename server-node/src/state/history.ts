/** How much of a state's past is kept, whichever is less. */
export interface HistoryLimits {
  /** Default 1,000. */
  readonly revisions: number;
  /** Characters of patch text; default 1 MiB (1,048,576). */
  readonly size: number;
  /**
   * `anyone`: a client that names any version of the history receives all steps since then, also data removed
   * before it was authorized.
   * Only for public topics. Default: in a hub with `authorize` or `canSubscribe`, only steps since a version that the client
   * was given.
   */
  readonly resume?: 'anyone' | undefined;
}

/** The ring of a state's recent revisions, for resume: consecutive versions without a hole. */
export class History {
  readonly #limits: HistoryLimits;
  #patches: string[] = [];
  #size = 0;
  /** The version that the newest patch leads to. */
  #version: number;

  constructor(version: number, limits: HistoryLimits) {
    this.#version = version;
    this.#limits = limits;
  }

  /** Adds the step to the next version: an array of operations as JSON text; the oldest leave where limits are passed. */
  add(patch: string): void {
    this.#version++;
    this.#patches.push(patch);
    this.#size += patch.length;
    while (this.#patches.length > this.#limits.revisions || this.#size > this.#limits.size) {
      this.#size -= this.#patches.shift()?.length ?? 0;
    }
  }

  /** Steps to the next version without a patch: nothing before it can be resumed from. */
  skip(): void {
    this.#version++;
    this.#patches = [];
    this.#size = 0;
  }

  /** All operations after `version` as one JSON array, or undefined if the ring does not reach back so far. */
  since(version: number): string | undefined {
    const missing = this.#version - version;
    if (missing < 1 || missing > this.#patches.length) return undefined;
    if (missing === 1) return this.#patches.at(-1);
    return `[${this.#patches
      .slice(-missing)
      .map((patch) => patch.slice(1, -1))
      .join(',')}]`;
  }
}
