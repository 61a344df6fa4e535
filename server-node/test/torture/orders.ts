import type { NodeProcess } from '../rig/node-process.js';

/** The value of each topic: the marks of all updates. */
export interface Marks {
  marks: string[];
  count: number;
  filler: string;
}

/** The engine of the nodes' states and messages. */
export type EngineSetup =
  /** The file of the log, and the folder of the mesh's sockets. */
  | { readonly kind: 'sqlite'; readonly file: string; readonly folder: string }
  | { readonly kind: 'redis' | 'postgres' | 'nats'; readonly port: number; readonly isDurable?: boolean }
  /** Sentinels know the primary's port. */
  | { readonly kind: 'redis'; readonly sentinels: readonly number[] };

/** The settings of a node. */
export interface Setup {
  readonly engine: EngineSetup;
  readonly topics: readonly string[];
}

/** Asks a node for an update, or for the versions of all topics. */
export type Order = { readonly topic: string; readonly mark: string } | { readonly ask: 'positions' };

/** What a node tells without being asked. */
export type Report =
  /** It has appended that many revisions again, which the log had lost. */
  | { readonly healed: number }
  /** It has reported these updates as lost. */
  | { readonly lost: readonly string[] };

/** A server of the torture test. */
export type TortureNode = NodeProcess<Order, Report>;
