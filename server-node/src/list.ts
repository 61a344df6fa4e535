/** How one list becomes another, as steps that are taken one after the other: first `removed`, then `placed`. */
export interface ListEdits {
  /** Indexes of items to take out, descending. */
  readonly removed: readonly number[];
  readonly placed: readonly Placement[];
  /** Pairs of an old index and a new one: what stood there went, and something else stands in its place. */
  readonly replaced: readonly (readonly [before: number, now: number])[];
}

/** An item of the new list gets to the index `to`: from the index `from`, or, where that is undefined, from outside. */
export interface Placement {
  readonly from: number | undefined;
  readonly to: number;
  /** Its index in the new list. */
  readonly item: number;
}

/**
 * The edits that lead from `before` to `now`. Items are the same when they are `===`. What keeps its order (the longest
 * increasing subsequence) is left alone, so the moves are as few as possible; O(n log n).
 *
 * @param worth is asked with the number of steps before they are made; if it says no the result is undefined.
 */
export function listEdits(
  before: readonly unknown[],
  now: readonly unknown[],
  worth: (steps: number) => boolean = () => true,
): ListEdits | undefined {
  const shared = Math.min(before.length, now.length);
  let start = 0;
  while (start < shared && before[start] === now[start]) start++;
  let end = 0;
  while (end < shared - start && before[before.length - 1 - end] === now[now.length - 1 - end]) end++;
  const olds = before.slice(start, before.length - end);
  const news = now.slice(start, now.length - end);

  const sources = match(olds, news);
  const stays = longestIncreasing(sources);
  const replaced = pairGaps(sources, stays, olds.length);
  const gone = new Uint8Array(olds.length).fill(1);
  for (const source of sources) if (source >= 0) gone[source] = 0;
  const removed: number[] = [];
  for (let index = olds.length - 1; index >= 0; index--) if (gone[index]) removed.push(start + index);
  const placing = stays.reduce((count, stay) => count - stay, news.length);
  if (!worth(removed.length + placing + replaced.length)) return undefined;
  return {
    removed,
    placed: placing === 0 ? [] : place(sources, stays, olds.length, start),
    replaced: replaced.map(([old, item]) => [start + old, start + item]),
  };
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

/** Pairs what went with what came between the same two neighbours that stay; the pairs stay, too, from then on. */
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
 * Builds the new list from left to right. At each step it holds what is placed already, the stays, and the movers that wait
 * in their old places; each mover or newcomer goes right behind its predecessor.
 */
function place(sources: Int32Array, stays: Uint8Array, olds: number, start: number): Placement[] {
  const stayItems: number[] = []; // new index of each stay, in order
  const staysBefore = new Int32Array(olds + 1); // how many stays stand before an old index
  const waiting = new Tally(olds);
  sources.forEach((source, item) => {
    if (stays[item]) {
      stayItems.push(item);
      staysBefore[source + 1] = 1;
    } else if (source >= 0) waiting.add(source, 1);
  });
  for (let index = 0; index < olds; index++)
    (staysBefore[index + 1] as number) += staysBefore[index] as number;

  const placed: Placement[] = [];
  let last = -1; // old index of the last stay that was passed
  let passed = 0;
  sources.forEach((source, item) => {
    if (stays[item]) {
      last = source;
      passed++;
      return;
    }
    let from: number | undefined;
    if (source >= 0) {
      const rank = staysBefore[source] as number;
      const ahead = source < last ? (stayItems[rank] as number) : item + rank - passed;
      from = start + ahead + waiting.before(source);
      waiting.add(source, -1);
    }
    placed.push({ from, to: start + item + waiting.before(last), item: start + item });
  });
  return placed;
}

/** Counts by index, with sums of what is before an index in O(log n) (Fenwick 1994). */
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
