/** @velox/server: publishes JSON objects from a Node endpoint. `import * as velox from '@velox/server'`. */
export { state, handle, type Published, type PublishOptions, type Watched } from './publish.js';
export { State, type DeepReadonly, type Snapshot, type StateOptions } from './state.js';
export type { Endpoint } from './endpoint.js';
export type { HubOptions } from './hub.js';
export type { HistoryLimits } from './history.js';
export type { WebServer } from './upgrade.js';
export { VeloxError, isVeloxError, type ErrorCode, type Position } from '@velox/core/protocol';
