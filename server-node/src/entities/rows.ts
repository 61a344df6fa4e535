import { LONGEST_TIMER_MS } from '@velox/core/protocol';
import { Groups } from '../collections/groups.js';
import type { EntityRow } from './entity-row.js';

/** The rows of an entity by id and audience, and which of them clients watch. */
export class Rows {
  readonly #linger: number;
  readonly #limit: number;
  readonly #byId = new Groups<string, string | undefined, EntityRow>(({ audience }) => audience);
  /** The rows that no client watches, the longest unwatched first, each with the timer of its end. */
  readonly #unwatched = new Map<EntityRow, NodeJS.Timeout>();
  #count = 0;

  /**
   * @param linger how long a row stays after its last client, in ms
   * @param limit the most rows; beyond it the longest unwatched row is evicted
   */
  constructor(linger: number, limit: number) {
    this.#linger = Math.min(linger, LONGEST_TIMER_MS);
    this.#limit = limit;
  }

  get unwatched(): number {
    return this.#unwatched.size;
  }

  /** The rows of one id, for all audiences. */
  of(id: string): readonly EntityRow[] {
    return [...this.#byId.of(id)];
  }

  all(): Iterable<EntityRow> {
    return this.#byId.values();
  }

  find(id: string, audience: string | undefined): EntityRow | undefined {
    return this.#byId.get(id, audience);
  }

  add(row: EntityRow): void {
    this.#byId.add(row.id, row);
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
    if (this.find(row.id, row.audience) !== row) return;
    this.#byId.delete(row.id, row.audience);
    this.#count--;
    row.end();
  }
}
