import { Run, type Lists } from '../tree/run.js';

/** How one list becomes another, as steps that are taken one after the other: first `removed`, then `placed`. */
export interface ListEdits {
  /** By index, descending. */
  readonly removed: readonly { readonly from: number; readonly item: unknown }[];
  readonly placed: readonly Placement[];
  /** The removed item, and the index in the new list of its replacement. */
  readonly replaced: readonly { readonly item: unknown; readonly index: number }[];
}

/** An item, at `index` in the new list, gets to the index `to`: from `from`, or from outside if that is
 * undefined. */
export interface Placement {
  readonly from: number | undefined;
  readonly to: number;
  readonly index: number;
}

/** Makes a run of the common prefix of two lists and a run of their common suffix. */
export function trim(before: readonly unknown[], now: readonly unknown[]): Lists {
  const shared = Math.min(before.length, now.length);
  let start = 0;
  while (start < shared && before[start] === now[start]) start++;
  let end = 0;
  while (end < shared - start && before[before.length - 1 - end] === now[now.length - 1 - end]) end++;
  const head = new Run(start);
  const tail = new Run(end);
  return {
    before: [head, ...before.slice(start, before.length - end), tail],
    now: [head, ...now.slice(start, now.length - end), tail],
  };
}

/**
 * The edits that lead from `before` to `now`. Items are the same when they are `===`. Items that keep their order (the longest increasing
 * subsequence, with all runs) are not moved, so there are few moves; O(n log n).
 *
 * @param worth is asked with the number of steps before they are made; if it says no the result is undefined.
 */
export function listEdits(
  { before, now }: Lists,
  worth: (steps: number) => boolean = () => true,
): ListEdits | undefined {
  const sources = match(before, now);
  const stays = longestIncreasing(withinRuns(sources, before, now));
  const pairs = pairGaps(sources, stays, before.length);
  const oldAt = positions(before);
  const newAt = positions(now);

  const gone = new Uint8Array(before.length).fill(1);
  for (const source of sources) if (source >= 0) gone[source] = 0;
  const removed: { from: number; item: unknown }[] = [];
  for (let index = before.length - 1; index >= 0; index--) {
    if (gone[index]) removed.push({ from: oldAt[index] as number, item: before[index] });
  }
  const placing = stays.reduce((count, stay) => count - stay, now.length);
  if (!worth(removed.length + placing + pairs.length)) return undefined;
  return {
    removed,
    placed: placing === 0 ? [] : place(sources, stays, newAt, before),
    replaced: pairs.map(([old, item]) => ({ item: before[old], index: newAt[item] as number })),
  };
}

/** The index at which each item really stands, and the length at the end. */
function positions(items: readonly unknown[]): Int32Array {
  const at = new Int32Array(items.length + 1);
  items.forEach(
    (item, index) => (at[index + 1] = (at[index] as number) + (item instanceof Run ? item.length : 1)),
  );
  return at;
}

/** For each new item the index of the same old one, or -1. Equal primitives are matched in their order. */
function match(olds: readonly unknown[], news: readonly unknown[]): Int32Array {
  const sources = new Int32Array(news.length).fill(-1);
  if (olds.length === 0 || news.length === 0) return sources;
  const first = new Map<unknown, number>();
  const next = new Int32Array(olds.length);
  for (let index = olds.length - 1; index >= 0; index--) {
    next[index] = first.get(olds[index]) ?? -1;
    first.set(olds[index], index);
  }
  news.forEach((item, index) => {
    const source = first.get(item) ?? -1;
    if (source < 0) return;
    sources[index] = source;
    first.set(item, next[source] as number);
  });
  return sources;
}

/** `sources`, but -1 for items that went past a run: the run stays. */
function withinRuns(sources: Int32Array, before: readonly unknown[], now: readonly unknown[]): Int32Array {
  let run = 0;
  const runOf = before.map((item) => (item instanceof Run ? ++run : run));
  run = 0;
  return sources.map((source, item) => {
    if (now[item] instanceof Run) run++;
    return source >= 0 && runOf[source] === run ? source : -1;
  });
}

/** Marks the members of a longest increasing subsequence by 1, those below 0 left out (patience sorting, Fredman 1975). */
function longestIncreasing(values: Int32Array): Uint8Array {
  const tails = new Int32Array(values.length); // tails[k]: index of the smallest end of a run of k + 1
  const previous = new Int32Array(values.length);
  let length = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (value < 0) continue;
    let low = 0;
    let high = length;
    if (length > 0 && (values[tails[length - 1] as number] as number) < value) low = length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[tails[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    previous[index] = low > 0 ? (tails[low - 1] as number) : -1;
    tails[low] = index;
    if (low === length) length++;
  }
  const marks = new Uint8Array(values.length);
  for (
    let index = length > 0 ? (tails[length - 1] as number) : -1;
    index >= 0;
    index = previous[index] as number
  ) {
    marks[index] = 1;
  }
  return marks;
}

/** Pairs removed items with items inserted between the same two unmoved neighbours. From then on the pairs count
 * as unmoved, too. */
function pairGaps(sources: Int32Array, stays: Uint8Array, olds: number): [number, number][] {
  const used = new Uint8Array(olds);
  for (const source of sources) if (source >= 0) used[source] = 1;
  const pairs: [number, number][] = [];
  let old = 0;
  let item = 0;
  for (let index = 0; index <= sources.length; index++) {
    if (index < sources.length && !stays[index]) continue;
    const limit = index < sources.length ? (sources[index] as number) : olds;
    for (; item < index; item++) {
      if (sources[item] !== -1) continue;
      while (old < limit && used[old]) old++;
      if (old === limit) break;
      pairs.push([old++, item]);
    }
    item = index + 1;
    old = limit + 1;
  }
  for (const [source, index] of pairs) {
    sources[index] = source;
    stays[index] = 1;
  }
  return pairs;
}

/**
 * Builds the new list from left to right. At each step it holds the items already placed, the unmoved items, and
 * the movers still in their old places; each mover or newcomer goes right behind its predecessor.
 */
function place(
  sources: Int32Array,
  stays: Uint8Array,
  newAt: Int32Array,
  before: readonly unknown[],
): Placement[] {
  const stayItems: number[] = []; // new index of each stay, in order
  const staysBefore = new Int32Array(before.length + 1); // how many stays stand before an old index
  const waiting = new Tally(before.length);
  sources.forEach((source, item) => {
    if (stays[item]) {
      stayItems.push(item);
      staysBefore[source + 1] = 1;
    } else if (source >= 0) waiting.add(source, 1);
  });
  for (let index = 0; index < before.length; index++) {
    (staysBefore[index + 1] as number) += staysBefore[index] as number;
  }
  const lengths = positions(stayItems.map((item) => before[sources[item] as number]));

  const placed: Placement[] = [];
  let last = -1; // old index of the last stay that was passed
  let passed = 0;
  sources.forEach((source, item) => {
    if (stays[item]) {
      last = source;
      passed++;
      return;
    }
    const index = newAt[item] as number;
    let from: number | undefined;
    if (source >= 0) {
      const rank = staysBefore[source] as number;
      const between = (lengths[rank] as number) - (lengths[passed] as number);
      from =
        waiting.before(source) +
        (source < last ? (newAt[stayItems[rank] as number] as number) : index + between);
      waiting.add(source, -1);
    }
    placed.push({ from, to: index + waiting.before(last), index });
  });
  return placed;
}

/** Counts by index, with prefix sums in O(log n) (Fenwick 1994). */
class Tally {
  readonly #sums: Int32Array;

  constructor(length: number) {
    this.#sums = new Int32Array(length + 1);
  }

  add(index: number, count: number): void {
    for (let at = index + 1; at < this.#sums.length; at += at & -at) (this.#sums[at] as number) += count;
  }

  before(index: number): number {
    let sum = 0;
    for (let at = index; at > 0; at -= at & -at) sum += this.#sums[at] as number;
    return sum;
  }
}
