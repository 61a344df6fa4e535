/** What few need, and nobody for coming back over the way that worked: one file, which {@link load} fetches then. */
export { climb } from './climb.js';
export { createPost } from './transports/post.js';
export { poll } from './transports/polling.js';
export { refuse } from './transports/refuse.js';
export { isCopy } from './is-copy.js';
