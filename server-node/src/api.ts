/** @velox/server: publishes JSON objects from a Node endpoint. `import * as velox from '@velox/server'`. */
export { state, live, watch, handle, type Published, type PublishOptions, type Watched } from './publish.js';
export { batch } from './state/batch.js';
export { JS, type ScriptHandler } from './script.js';
export { VMap } from './state/vmap.js';
export { VSlice } from './state/vslice.js';
export type { DeepReadonly, Snapshot, State, StateOptions } from './state/state.js';
export type { SharedState, SharedStateOptions } from './state/shared/shared-state.js';
export type { UpdateOptions } from './state/shared/job.js';
export { createHub, type Hub } from './create-hub.js';
export type {
  CallOutcome,
  Cast,
  Channel,
  EventHandlersOf,
  ReachableSession,
  Recipient,
  Room,
  Session,
} from './messaging/typed.js';
export type { CastOptions, EmitOptions } from './messaging/emit-options.js';
export type { DropCode, EventLimits, Overflow, Sent } from './sessions/event-limits.js';
export type { CallOptions } from './messaging/calls.js';
export type { Absence, MessagingRules } from './messaging/messaging.js';
export type { PresenceOptions, RoomPresence } from './messaging/presence.js';
export type { Entity, EntityOptions, EntityStats, PutOptions } from './entities/entity-options.js';
export type { RowId } from './entities/row-id.js';
export { fetched, type Fetched, type FetchedOptions, type FetchedRow } from './entities/fetched.js';
export type { Who } from './entities/fetches.js';
export type { NameRules } from './hub/entrance.js';
export type { Credentials, Rules } from './access/admission.js';
export type { ClientInfo } from './access/client-info.js';
export type { StandardSchema } from './access/standard-schema.js';
export type { Logger, LogEntry } from './diagnostics/observer.js';
export { each } from './views/each.js';
export type { ViewOptions } from './views/view-options.js';
export type { ViewedState } from './views/viewed-state.js';
export { workers, type WorkersOptions } from './workers.js';
export { inline } from './inline.js';
export { closeOnSignal, type CloseOnSignalOptions } from './close-on-signal.js';
export type { Endpoint } from './http/endpoint.js';
export type { SseEndpoint, SseOptions } from './http/event-source.js';
export { DEFAULT_LIMITS, type HubOptions } from './hub/hub-options.js';
export type { HubStats } from './hub/hub-stats.js';
export type { HistoryLimits } from './state/history.js';
export type { WebServer } from './http/servers.js';
export {
  CallError,
  VeloxError,
  defineContract,
  isVeloxError,
  type AnyContract,
  type CheckedContract,
  type Contract,
  type ContractFrom,
  type ContractOf,
  type ContractSchemas,
  type ContractValue,
  type ErrorCode,
  type Limits,
  type Position,
  type PresenceMember,
  type PresenceMembers,
} from '@velox/core/protocol';
