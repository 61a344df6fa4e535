// connect
export { connect, type ConnectOptions } from './connect/connect.js';
export { createConnection } from './connection/connection.js';
export type {
  Connection,
  ConnectionOptions,
  DropCode,
  EventOptions,
  FrameListener,
} from './connection/options.js';
export type { CredentialsOptions } from './connection/credentials.js';
export type { Retry } from './connection/retry.js';
export type { CallOptions } from './events/calls.js';
export type { Channel, EmitOptions, Listener, On, Reconnection, Sent } from './events/channel.js';
export type { ReplicaOf, Sync } from './events/sync.js';
export type { Presence } from './events/presence.js';
export { websocket, type WebSocketClass } from './transports/websocket.js';
export { polling, sse } from './transports/requests.js';

// share, as adapters do; what adapters are built from is in `@velox/core/adapter`
export { shared, type SharedOptions, type Source } from './connect/registry.js';
export { shallow } from './reactive/shallow.js';
export type { EntitySource } from './connect/entity-of.js';
export {
  presenceOf,
  type PresenceMine,
  type PresenceShown,
  type PresenceSource,
} from './connect/presence-of.js';
export type { SyncSource } from './connect/sync-of.js';

// what both sides agree on
export type {
  AnyContract,
  CallData,
  CallName,
  CallReceived,
  CallReply,
  CallResult,
  Contract,
  EntityType,
  EntityValue,
  EventData,
  EventName,
  EventReceived,
  ReplicatedRow,
  ReplicatedTopic,
  RoomName,
  TopicName,
  TopicValue,
} from './protocol/contract.js';
export type { PresenceMember, PresenceMembers } from './protocol/presence.js';
export {
  defineContract,
  type CheckedContract,
  type ContractFrom,
  type ContractOf,
  type ContractSchemas,
  type ContractValue,
} from './protocol/define-contract.js';
export type { StandardSchema } from './protocol/standard-schema.js';
export type { DeepReadonly, Jsonify, Replicated } from './protocol/json.js';

// values to read
export type { Readable } from './reactive/readable.js';
export type { Hydratable, Initial, Replica } from './replicas/replica.js';
export type { Reason, ReasonCode, Status } from './replicas/status.js';
export type { Patch } from './protocol/patch.js';
export type { Operation, Position, ServerFrame } from './protocol/frames.js';
export type { Attempt, CloseReason, Link, LinkEvents, Transport } from './connection/transport.js';
export { CallError } from './protocol/call-error.js';
export { isVeloxError, VeloxError, type ErrorCode } from './protocol/error.js';
