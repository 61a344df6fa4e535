import { put } from '../copy.js';
import { isContainer } from '../tree/container.js';

/**
 * The part of a value that stays as it is now, for `previous` of the next diff: the value itself if it is frozen, else its frozen members.
 * A frozen container counts as frozen with all that it contains. The parts of a state are not frozen, because they change in place.
 */
export function frozenParts(value: unknown): unknown {
  if (!isContainer(value) || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return value.map((item) => (isFrozenPart(item) ? item : undefined));
  const parts = {};
  for (const [key, member] of Object.entries(value)) if (isFrozenPart(member)) put(parts, key, member);
  return parts;
}

function isFrozenPart(value: unknown): boolean {
  return isContainer(value) && Object.isFrozen(value);
}
