import { VeloxError } from '@velox/core/protocol';
import { synchronous } from '../diagnostics/maybe-promise.js';

/** Compares two versions: negative if `a` is older. */
export type CompareVersions = (a: string | number, b: string | number) => number;

/** The versions of a bigint column are texts of digits with most drivers. */
const isInteger = (version: string | number): boolean => typeof version === 'string' && /^\d+$/.test(version);

const order = <V extends string | number | bigint>(a: V, b: V): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Compares numbers and texts of digits by value, and other texts by `<`.
 *
 * @throws VeloxError `bad-option` if the versions differ in type.
 */
export const compareVersions: CompareVersions = (a, b) => {
  if (typeof a !== typeof b) {
    throw new VeloxError('bad-option', 'versions of a row differ in type. Pass `compare` to the entity.');
  }
  return isInteger(a) && isInteger(b) ? order(BigInt(a), BigInt(b)) : order(a, b);
};

/** Compares the versions of two rows: below 0 if the first is older; 0 also if one has no version. */
export type CompareRows = (a: string | number | undefined, b: string | number | undefined) => number;

/** Lets the `compare` of an entity throw `bad-option` if it returns no number. */
export function checkedCompare(compare: CompareVersions, type: string): CompareRows {
  const name = `compare() of the entity ${type}`;
  return (a, b) => {
    if (a === undefined || b === undefined) return 0;
    const result: unknown = synchronous(compare(a, b), name);
    if (typeof result === 'number' && !Number.isNaN(result)) return result;
    throw new VeloxError('bad-option', `${name} returned NaN, or no number. Return a number.`);
  };
}

/** How long fetches may bring older versions alone, in ms. A replica that lags behind for longer, or a version that starts again, is a mistake. */
const MAX_LAG_MS = 10_000;

/** @throws VeloxError `bad-option` if fetches have brought older versions alone since a moment that is too long ago. */
export function checkLag(since: number, id: string): void {
  if (performance.now() - since <= MAX_LAG_MS) return;
  const problem = `for ${MAX_LAG_MS / 1_000} s, fetches of the row ${JSON.stringify(id)} have brought older versions alone`;
  throw new VeloxError('bad-option', `${problem}. Let versions grow, also when a row is created again.`);
}
