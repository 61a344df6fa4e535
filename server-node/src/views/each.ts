import { audienceKey } from './audience-key.js';

/** The rows of one list and their projections. */
interface List {
  readonly rows: readonly unknown[];
  readonly results: readonly unknown[];
}

/** The lists that one audience's view has projected: those of its last run, and those of the run under way. */
export class Lists {
  #former = new Map<string, List>();
  #current = new Map<string, List | undefined>();

  /** Begins a run: lists that the run before has not used are forgotten. */
  begin(): void {
    this.#former = new Map([...this.#current].filter((entry): entry is [string, List] => !!entry[1]));
    this.#current = new Map();
  }

  /** Projects a list, and takes the results of unchanged rows from the last run. */
  project<R, S>(key: string, rows: readonly R[], project: (row: R) => S): readonly S[] {
    const former = this.#former.get(key);
    const results = former ? reuse(former, rows, project) : rows.map((row) => project(row));
    // Two lists of one key cannot be told apart in the next run, so neither is remembered.
    this.#current.set(key, this.#current.has(key) ? undefined : { rows, results });
    return results;
  }
}

/** The lists of the view that is running. */
let running: Lists | undefined;

/** Runs a view in which `each` remembers its rows. */
export function withLists<V>(lists: Lists, view: () => V): V {
  const outer = running;
  running = lists;
  lists.begin();
  try {
    return view();
  } finally {
    running = outer;
  }
}

/**
 * Projects the rows of a list inside a view. A row that has not changed since the view's last run is not projected again.
 *
 * @param audience all values that `project` uses beside the row, as JSON: the audience, or a list of values. If one of them changes, all
 *   rows are projected again
 * @param project must be pure. Its results must not be changed later
 * @example view: (game, me) => ({ players: each(game.players, me, (player) => (player.id === me ? player : hide(player))) })
 */
export function each<R, S>(rows: readonly R[], audience: unknown, project: (row: R) => S): S[] {
  const text = running ? Function.prototype.toString.call(project) : NATIVE;
  if (!running || text.endsWith(NATIVE)) return rows.map((row) => project(row));
  return [...running.project(`${audienceKey(audience ?? null)} ${text}`, rows, project)];
}

/** The end of the text of a bound function, which says nothing about it. */
const NATIVE = '{ [native code] }';

function reuse<R, S>(former: List, rows: readonly R[], project: (row: R) => S): S[] {
  const { rows: before, results } = former as { rows: readonly R[]; results: readonly S[] };
  let byRow: Map<R, S> | undefined;
  return rows.map((row, index) => {
    if (row === before[index] && index < before.length) return results[index] as S;
    byRow ??= new Map(before.map((each, at) => [each, results[at] as S]));
    return byRow.has(row) ? (byRow.get(row) as S) : project(row);
  });
}
