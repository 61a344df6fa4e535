// connect
export { connect, type ConnectOptions } from './connect.js';
export { createConnection } from './connection.js';
export type { Connection, ConnectionOptions, FrameListener } from './carrier.js';
export type { Retry } from './timing.js';
export type { ReplicaOf, Sync } from './sync.js';
export { websocket, type WebSocketClass } from './transports/websocket.js';
export { sse } from './transports/sse.js';
export { polling } from './transports/requests.js';

// for adapters
export { replicaOf, shared, type SharedOptions, type Source } from './registry.js';
export { createKeep, createSelection, createSelector, type Selection } from './select.js';
export { createMirror, type MirrorOptions } from './mirror.js';
export { refusal } from './refusal.js';
export { syncOf, type SyncSource } from './sync-of.js';

// what both sides agree on
export type { AnyContract, Contract, EventData, EventName, TopicName, TopicValue } from './contract.js';

// what is read
export type { Readable } from './readable.js';
export type { Hydratable, Initial, Replica } from './replica.js';
export type { Reason, Status } from './status.js';
export type { Patch } from './patch.js';
export type { Operation, Position, ServerFrame } from './protocol.js';
export type { Attempt, CloseReason, Link, LinkEvents, Transport } from './transport.js';
export { isVeloxError, VeloxError, type ErrorCode } from './error.js';
