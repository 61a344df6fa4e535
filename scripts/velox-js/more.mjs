/** The entry of `velox-more.js`: the code that velox.js loads on need. The classic API has no calls, and reads no bytes. */
import * as recovery from '../../core/src/connection/recovery.js';
import { checkServerFrame } from '../../core/src/protocol/check-server-frame.js';
import { retryPreferred } from '../../core/src/transports/retry-preferred.js';

export { renewToken } from '../../core/src/connection/ask-credentials.js';
export { isCopy } from '../../core/src/protocol/is-copy.js';
export { apply } from '../../core/src/protocol/patch.js';
export { share } from '../../core/src/protocol/share.js';
export { readEventStream as sse } from '../../core/src/transports/event-stream.js';
export { poll as polling } from '../../core/src/transports/polling.js';
export { startRequests } from '../../core/src/transports/start-requests.js';

export const createRecovery = (host) => recovery.createRecovery(host, retryPreferred);

export function readFrame(frame, text) {
  checkServerFrame(frame, text);
  return frame;
}
