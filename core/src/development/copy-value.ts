import { isContainer } from '../protocol/container.js';

/** The copies, by their originals. */
const copies = new WeakMap<object, unknown>();

/** Returns a copy of a JSON value, the same one for the same value. A value that is frozen is its own copy. */
export function copyValue(value: unknown): unknown {
  if (!isContainer(value) || Object.isFrozen(value)) return value;
  let copy = copies.get(value);
  if (!copy) copies.set(value, (copy = JSON.parse(JSON.stringify(value))));
  return copy;
}
