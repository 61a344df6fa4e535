import type { Watch } from '../simulation/watch.js';

/** The value of the board. */
export interface Board {
  rows: string[];
}

/** The ends of a call that may have run. */
const UNCERTAIN: readonly string[] = ['timeout', 'cancelled', 'unknown-outcome'];

/** What one client shows of the board: a row of a call comes once, and goes only if the call has failed. */
export class Screen {
  readonly #name: string;
  readonly #watch: Watch;
  #rows: readonly string[] = [];
  /** How often each row has come or gone. */
  readonly #changes = new Map<string, number>();
  /** The rows of this client's calls, and how the calls ended. */
  readonly #fates = new Map<string, string | undefined>();

  constructor(name: string, watch: Watch) {
    this.#name = name;
    this.#watch = watch;
  }

  /** A call of this client adds a row. */
  call(row: string): void {
    this.#fates.set(row, undefined);
  }

  ended(row: string, fate: string): void {
    this.#fates.set(row, fate);
  }

  show(rows: readonly string[]): void {
    this.#watch.check(
      new Set(rows).size === rows.length,
      () => `${this.#name} shows a row twice: ${rows.join(' ')}`,
    );
    for (const row of new Set([...rows, ...this.#rows])) {
      if (rows.includes(row) === this.#rows.includes(row)) continue;
      const changes = (this.#changes.get(row) ?? 0) + 1;
      this.#changes.set(row, changes);
      this.#check(row, changes);
    }
    this.#rows = rows;
  }

  /** In the end the shown rows are the server's. Returns the first one that is not. */
  missing(board: { readonly rows: readonly string[] }): string | undefined {
    return this.#rows.join() === board.rows.join()
      ? undefined
      : `it shows ${this.#rows.join(' ')}, not ${board.rows.join(' ')}`;
  }

  /** Checks that a row has not come twice, nor gone without a reason. */
  #check(row: string, changes: number): void {
    const says = (what: string) => () => `${this.#name} ${what} ${row}`;
    if (!this.#fates.has(row)) return this.#watch.check(changes === 1, says('no longer shows'));
    if (changes === 1) return;
    // The promise of a call settles a moment after its change is taken back.
    setTimeout(() => {
      const fate = this.#fates.get(row) ?? 'reply';
      const isUncertain = UNCERTAIN.includes(fate);
      if (changes === 2) this.#watch.check(fate !== 'reply', says('has lost'));
      else this.#watch.check(isUncertain, says(`after ${fate} shows or hides again`));
    }, 1);
  }
}
