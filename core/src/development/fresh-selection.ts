import { isContainer } from '../protocol/container.js';
import { advise } from './advise.js';

/** How many fresh objects in a row cause the warning. */
const MOST_RUNS = 10;

/** How many fresh objects in a row each selection returned. */
const runs = new WeakMap<object, number>();

/**
 * Warns if a selector builds an object in each run, so that its component renders for every change of the value. Parts of a replica are
 * frozen in development, so an object that is not frozen is a fresh one.
 *
 * @param selection identifies the use of a selector
 * @param from the value that was selected from
 */
export function noteFreshSelection(
  selection: object,
  from: unknown,
  selected: unknown,
  equal: (before: never, after: never) => boolean,
): void {
  const isFresh =
    equal === Object.is && isContainer(from) && isContainer(selected) && !Object.isFrozen(selected);
  const count = isFresh && from !== selected ? (runs.get(selection) ?? 0) + 1 : 0;
  runs.set(selection, count);
  if (count !== MOST_RUNS) return;
  const keys = Object.keys(selected as object).slice(0, 5);
  advise(
    `fresh ${keys.join()}`,
    `a selector returned a fresh object (${keys.join(', ')}) ${MOST_RUNS} times in a row, so its component renders for every change. ` +
      'Pass `shallow` as the third argument, or select a part of the value.',
  );
}
