import { randomFillSync } from 'node:crypto';

/** Bytes of an epoch, and how many epochs are drawn together: one draw costs as much as many. */
const SIZE = 9;
const COUNT = 128;

const drawn = Buffer.alloc(SIZE * COUNT);
let used = drawn.length;

/** Draws the id of an epoch: 72 random bits, as 12 characters that need no escape in JSON and URLs. */
export function randomEpoch(): string {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  const start = used;
  used += SIZE;
  return drawn.toString('base64url', start, used);
}
