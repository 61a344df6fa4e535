import { hasOwn, isContainer, read, type Container } from '../tree/container.js';
import { isPlain } from './adopt.js';
import { behind, handleOf } from './handle.js';

/**
 * Whether a copy of an object has other parts than those whose drafts are in the object: an object that was assigned in two places has one
 * of them. Such parts have writes of their own.
 */
export function hasOwnParts(ours: Container, object: Container): boolean {
  return Object.keys(object).some((key) => {
    const member = read(object, key);
    if (!isContainer(member)) return false;
    const part = hasOwn(ours, key) ? read(ours, key) : undefined;
    if (handleOf(member)) return behind(member) !== part;
    return isPlain(member) && isContainer(part) && hasOwnParts(part, member);
  });
}
