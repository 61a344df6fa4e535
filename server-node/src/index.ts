/** @velox/server: publishes JSON objects from a Node endpoint. `import * as velox from '@velox/server'`. */
export { state, live, handle, type Published, type PublishOptions, type Watched } from './publish.js';
export { batch } from './live.js';
export { JS, type ScriptHandler } from './script.js';
export { VMap } from './vmap.js';
export { VSlice } from './vslice.js';
export { State, type DeepReadonly, type Snapshot, type StateOptions } from './state.js';
export { createHub, type Hub, type Session } from './create-hub.js';
export type { Credentials, Rules } from './admission.js';
export type { StandardSchema } from './standard-schema.js';
export type { Logger, LogEntry } from './observer.js';
export { inline } from './inline.js';
export { closeOnSignal, type CloseOnSignalOptions } from './close-on-signal.js';
export type { Endpoint } from './endpoint.js';
export { DEFAULT_LIMITS, type HubOptions, type HubStats } from './hub-options.js';
export type { HistoryLimits } from './history.js';
export type { WebServer } from './upgrade.js';
export {
  VeloxError,
  isVeloxError,
  type AnyContract,
  type Contract,
  type ErrorCode,
  type Limits,
  type Position,
} from '@velox/core/protocol';
