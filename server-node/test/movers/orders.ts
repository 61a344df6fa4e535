import type { EngineSetup } from '../torture/orders.js';

/** The settings of a node. */
export type MoverSetup = EngineSetup;

/** Lets a node send a cast to the room of all clients, or report. */
export type MoverOrder = { readonly cast: number } | { readonly report: true };

/** A node serves on a port, or reports. */
export type MoverAnswer =
  | { readonly port: number }
  | {
      /** The events that clients sent to it. */
      readonly received: readonly string[];
      /** How many sessions came from other nodes. */
      readonly moved: number;
      readonly sessions: readonly {
        /** The number of its client. */
        readonly context: unknown;
        readonly transport: string | undefined;
        readonly rooms: readonly string[];
      }[];
      /** The longest time for which it did nothing else, in ms. */
      readonly lag: number;
    };
