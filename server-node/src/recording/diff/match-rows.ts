import { isContainer } from '../tree/container.js';
import type { KeyReader } from './row-key.js';

/** How the application's rows are identified. */
export interface Identity {
  readonly key: KeyReader;
  /** Our copy of each of the application's rows that have no key. */
  readonly memory: WeakMap<object, object>;
  /** The application's immutable row for each of our rows. */
  readonly previous: readonly unknown[];
}

/** For each item of `next` the index of the row in `ours` that it is, or -1. */
export function matchRows(
  ours: readonly unknown[],
  next: readonly unknown[],
  { key, memory, previous }: Identity,
): Int32Array {
  const isRow = (index: number, item: object): boolean => {
    const row = ours[index];
    if (!isContainer(row)) return false;
    const wanted = key.of(item);
    return (
      item === previous[index] ||
      (wanted === undefined ? memory.get(item) === row : key.ofOurs(row) === wanted)
    );
  };
  const sources = new Int32Array(next.length).fill(-1);
  const open: number[] = [];
  const free: number[] = [];
  let at = 0;
  next.forEach((item, index) => {
    if (!isContainer(item)) return;
    // usually it is the next row, or the row before it was removed
    if (isRow(at, item)) sources[index] = at++;
    else if (isRow(at + 1, item)) {
      free.push(at);
      sources[index] = at + 1;
      at += 2;
    } else open.push(index);
  });
  if (open.length === 0) return sources;

  while (at < ours.length) free.push(at++);
  const found = new Map<unknown, number>();
  for (const index of free) {
    const row = ours[index];
    if (!isContainer(row)) continue;
    found.set(key.ofOurs(row) ?? row, index);
    if (previous[index] !== undefined) found.set(previous[index], index);
  }
  const taken = new Uint8Array(ours.length);
  for (const index of open) {
    const item = next[index] as object;
    const source = found.get(item) ?? found.get(key.of(item) ?? memory.get(item));
    if (source === undefined || taken[source]) continue;
    taken[source] = 1;
    sources[index] = source;
  }
  return sources;
}
