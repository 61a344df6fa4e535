import { isContainer } from '../protocol/container.js';
import type { Initial } from '../replicas/replica.js';

/** The copies, by their originals. */
const copies = new WeakMap<object, unknown>();

/**
 * Returns a value to start from that the replica may keep: a copy, the same one for the same value, since the application's own may change.
 * A proxy of a framework's state could not be read, either, after development has frozen the object behind it. A frozen value is its own copy.
 */
export function ownInitial<T>(initial: Initial<T>): Initial<T> {
  const { body } = initial;
  if (!isContainer(body) || Object.isFrozen(body)) return initial;
  let copy = copies.get(body);
  if (!copy) copies.set(body, (copy = JSON.parse(JSON.stringify(body))));
  return { ...initial, body: copy as T };
}
