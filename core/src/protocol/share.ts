import { isContainer } from './container.js';
import type { Owned } from './patch.js';

/**
 * Puts the parts of `before` that are equal into `next`, so that they keep their reference. Returns `before` if all of it is equal.
 * Containers of an application may be frozen, and are not written to.
 *
 * @param owned containers that later steps may write in place: they are not shared.
 */
export function share(before: unknown, next: unknown, owned?: Owned): unknown {
  if (!isContainer(before) || !isContainer(next) || Array.isArray(before) !== Array.isArray(next))
    return next;
  const keys = Object.keys(next);
  let isSame = !owned?.has(before) && keys.length === Object.keys(before).length;
  for (const key of keys) {
    const own = Object.hasOwn(before, key);
    const value = own ? share(before[key], next[key], owned) : next[key];
    isSame &&= own && value === before[key];
    if (value !== next[key] && !Object.isFrozen(next)) next[key] = value;
  }
  return isSame ? before : next;
}
