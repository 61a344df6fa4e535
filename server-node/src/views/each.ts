import { audienceKey } from './audience-key.js';

/** The rows of one list and their projections. */
interface List<R = unknown, S = unknown> {
  readonly rows: readonly R[];
  readonly results: readonly S[];
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
    const results = former ? reuse(former as List<R, S>, rows, project) : rows.map((row) => project(row));
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

/** Unchanged rows at the beginning and the end cost no call and no entry of a map: each audience compares all rows. */
function reuse<R, S>(
  { rows: before, results }: List<R, S>,
  rows: readonly R[],
  project: (row: R) => S,
): readonly S[] {
  const shared = Math.min(before.length, rows.length);
  let start = 0;
  while (start < shared && rows[start] === before[start]) start++;
  let end = rows.length;
  let formerEnd = before.length;
  while (end > start && formerEnd > start && rows[end - 1] === before[formerEnd - 1]) {
    end--;
    formerEnd--;
  }
  if (end === start && formerEnd === start) return results;
  const isSame = (at: number): boolean => at < formerEnd && rows[at] === before[at];
  const byRow = new Map<R, S>();
  for (let at = start; at < formerEnd; at++) if (!isSame(at)) byRow.set(before[at] as R, results[at] as S);
  const changed: S[] = [];
  for (let at = start; at < end; at++) {
    const row = rows[at] as R;
    if (isSame(at)) changed.push(results[at] as S);
    else changed.push(byRow.has(row) ? (byRow.get(row) as S) : project(row));
  }
  if (end !== formerEnd) return results.slice(0, start).concat(changed, results.slice(formerEnd));
  const next = results.slice();
  for (const [offset, result] of changed.entries()) next[start + offset] = result;
  return next;
}
