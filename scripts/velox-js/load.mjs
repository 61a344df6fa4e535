/**
 * What `velox.js` has in place of `platform/load.ts`: it is one file, so nothing is loaded on need. It has no calls and reads no bytes.
 * Named one by one, the functions need no module object, which a bundler builds by code of its own.
 */
import { askCredentials, renewToken } from '../../core/src/connection/ask-credentials.js';
import * as recovery from '../../core/src/connection/recovery.js';
import { checkServerFrame } from '../../core/src/protocol/decode-server-frame.js';
import { isCopy } from '../../core/src/protocol/is-copy.js';
import { apply } from '../../core/src/protocol/patch.js';
import { share } from '../../core/src/protocol/share.js';
import { readEventStream as sse } from '../../core/src/transports/event-stream.js';
import { poll as polling } from '../../core/src/transports/polling.js';
import { retryPreferred } from '../../core/src/transports/retry-preferred.js';
import { startRequests } from '../../core/src/transports/start-requests.js';

function readFrame(frame, text) {
  checkServerFrame(frame, text);
  return frame;
}

const createRecovery = (host) => recovery.createRecovery(host, retryPreferred);

export const loaded = {
  askCredentials,
  renewToken,
  createRecovery,
  sse,
  polling,
  startRequests,
  readFrame,
  apply,
  isCopy,
  share,
};
export const load = async () => loaded;
