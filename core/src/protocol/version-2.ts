import { VeloxError } from './error.js';
import type { Operation } from './frames.js';

type Members = Readonly<Record<string, unknown>>;

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Turns a merge patch (RFC 7396), as servers of version 2 send it, into the operations that it means for a value. Nulls inside of
 * added members are values: both original servers send them so.
 *
 * @throws VeloxError `bad-patch` if the value or the patch is no object.
 */
export function toOperations(value: unknown, patch: unknown, path = ''): Operation[] {
  if (!isMembers(value) || !isMembers(patch)) {
    throw new VeloxError('bad-patch', 'a merge patch needs an object. Ask for the whole value.');
  }
  return Object.entries(patch).flatMap(([key, next]): Operation[] => {
    const place = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const former = Object.hasOwn(value, key) ? value[key] : undefined;
    if (next === null) return former === undefined ? [] : [{ op: 'remove', path: place }];
    return isMembers(next) && isMembers(former)
      ? toOperations(former, next, place)
      : [{ op: 'add', path: place, value: next }];
  });
}
