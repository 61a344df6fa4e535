import { createStateHash } from './state-hash.js';

/** One cache for all values, because none of them is ever written again. */
const { of } = createStateHash();

/** Whether a value has the hash that the server's value has. */
export function isCopy(value: unknown, hash: string): boolean {
  try {
    return of(value) === hash;
  } catch {
    return false; // nested too deep to be compared
  }
}
