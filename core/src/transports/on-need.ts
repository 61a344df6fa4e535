/** One file that `load` fetches after the first hello, or earlier if it is needed. A first successful connection does without it. */
import * as recovery from '../connection/recovery.js';
import { retryPreferred } from './retry-preferred.js';

export { renewToken } from '../connection/ask-credentials.js';
export { readEventStream as sse } from './event-stream.js';
export { poll as polling } from './polling.js';
export { readFrame } from './read-frame.js';
export { startRequests } from './start-requests.js';
export { apply } from '../protocol/patch.js';
export { isCopy } from '../protocol/is-copy.js';
export { share } from '../protocol/share.js';
export { replyTo } from '../events/answers.js';

/** Recovery, with the trials of transports. */
export const createRecovery = (host: recovery.RecoveryHost): recovery.Recovery =>
  recovery.createRecovery(host, retryPreferred);
