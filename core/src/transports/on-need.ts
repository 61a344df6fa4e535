/** What few need, and nobody for coming back over the way that worked: one file, which {@link load} fetches then. */
export { climb } from './climb.js';
export { createPost } from './post.js';
export { poll } from './polling.js';
export { refuse } from './refuse.js';
export { isCopy } from '../protocol/is-copy.js';
