import { isContainer } from '../protocol/container.js';

/**
 * Whether two values are the same, or are objects or arrays whose members are: an `equal` for selectors that build a fresh object.
 *
 * @example useVelox('/sync', (board) => board?.rows.map((row) => row.id), shallow)
 */
export function shallow<T>(before: T, after: T): boolean {
  if (Object.is(before, after)) return true;
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after))
    return false;
  const keys = Object.keys(before);
  return (
    keys.length === Object.keys(after).length &&
    keys.every((key) => Object.hasOwn(after, key) && Object.is(before[key], after[key]))
  );
}
