import { createRandomText } from '../state/random-text.js';

/** Draws a random name that cannot be guessed: 96 random bits, as 16 characters. Two names are never the same. */
export const randomName: () => string = createRandomText(12, 256);
