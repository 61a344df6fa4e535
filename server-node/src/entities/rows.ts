import type { EntityRow } from './entity-row.js';

/** The rows of an entity by id and audience, and which of them clients watch. */
export class Rows {
  readonly #linger: number;
  readonly #limit: number;
  readonly #byId = new Map<string, Map<string | undefined, EntityRow>>();
  /** The rows that no client watches, the longest unwatched first, each with the timer of its end. */
  readonly #unwatched = new Map<EntityRow, NodeJS.Timeout>();
  #count = 0;

  /**
   * @param linger how long a row stays after its last client, in ms
   * @param limit the most rows; beyond it the longest unwatched row is evicted
   */
  constructor(linger: number, limit: number) {
    this.#linger = linger;
    this.#limit = limit;
  }

  get size(): number {
    return this.#count;
  }

  get unwatched(): number {
    return this.#unwatched.size;
  }

  /** The rows of one id, for all audiences. */
  of(id: string): readonly EntityRow[] {
    return [...(this.#byId.get(id)?.values() ?? [])];
  }

  *all(): IterableIterator<EntityRow> {
    for (const rows of this.#byId.values()) yield* rows.values();
  }

  find(id: string, audience: string | undefined): EntityRow | undefined {
    return this.#byId.get(id)?.get(audience);
  }

  add(row: EntityRow): void {
    let rows = this.#byId.get(row.id);
    if (!rows) this.#byId.set(row.id, (rows = new Map<string | undefined, EntityRow>()));
    rows.set(row.audience, row);
    this.#count++;
    for (const [longest] of this.#unwatched) {
      if (this.#count <= this.#limit) break;
      this.forget(longest);
    }
  }

  /** Whether a client watches the row, or did so a moment ago. */
  isWatched(row: EntityRow): boolean {
    return !this.#unwatched.has(row);
  }

  /** A client wants the row. */
  enter(row: EntityRow): void {
    clearTimeout(this.#unwatched.get(row));
    this.#unwatched.delete(row);
  }

  /** Forgets the row later, if no client watches it. */
  leave(row: EntityRow): void {
    if (row.isWatched || this.#unwatched.has(row) || this.find(row.id, row.audience) !== row) return;
    this.#unwatched.set(row, setTimeout(() => this.forget(row), this.#linger).unref());
  }

  close(): void {
    for (const row of [...this.all()]) this.forget(row);
  }

  /** Ends a row. */
  forget(row: EntityRow): void {
    clearTimeout(this.#unwatched.get(row));
    this.#unwatched.delete(row);
    const rows = this.#byId.get(row.id);
    if (rows?.get(row.audience) !== row) return;
    rows.delete(row.audience);
    if (rows.size === 0) this.#byId.delete(row.id);
    this.#count--;
    row.end();
  }
}
