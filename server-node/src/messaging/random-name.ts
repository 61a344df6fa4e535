import { randomFillSync } from 'node:crypto';

/** Bytes of a name: two of them are never the same (96 bits). */
const BYTES = 12;
/** How many names one call of the random generator makes: it costs as much as a hundred names. */
const NAMES = 256;

const pool = Buffer.alloc(BYTES * NAMES);
let used = pool.length;

/** Draws a random name that cannot be guessed. */
export function randomName(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool.toString('base64url', used, (used += BYTES));
}
