/**
 * Whether errors say what happened, and what to do. A constant, and no function: bundlers put it in place across files and chunks, and drop
 * the texts.
 */
export const EXPLAINED: boolean = true;
