import { randomFillSync } from 'node:crypto';

/**
 * Creates a function that draws random texts, which need no escape in JSON and URLs.
 *
 * @param bytes the random bytes of a text: a multiple of 3, else its last character would not be fully random
 * @param count how many texts are drawn together: one call of the random generator costs as much as a hundred texts
 */
export function createRandomText(bytes: number, count: number): () => string {
  const pool = Buffer.alloc(bytes * count);
  let used = pool.length;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    return pool.toString('base64url', used, (used += bytes));
  };
}
