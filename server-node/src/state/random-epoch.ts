import { createRandomText } from './random-text.js';

/** Draws the id of an epoch: 72 random bits, as 12 characters. */
export const randomEpoch: () => string = createRandomText(9, 128);
