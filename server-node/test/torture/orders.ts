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
  | { readonly kind: 'redis'; readonly port: number }
  | { readonly kind: 'postgres'; readonly port: number }
  | { readonly kind: 'nats'; readonly port: number };

/** The settings of a node. */
export interface Setup {
  readonly engine: EngineSetup;
  readonly topics: readonly string[];
}

/** Asks a node for an update. */
export interface Order {
  readonly number: number;
  readonly topic: string;
  readonly mark: string;
}

/** A node serves on a port, or an update has ended: with `ok`, or with the code of its error. */
export type Answer = { readonly port: number } | { readonly number: number; readonly code: string };
