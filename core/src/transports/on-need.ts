/** One file that `load` fetches on demand: few pages need it, and none to come back over the transport that worked. */
export { retryPreferred } from './retry-preferred.js';
export { createPost } from './post.js';
export { poll } from './polling.js';
export { refuse } from './refuse.js';
export { isCopy } from '../protocol/is-copy.js';
