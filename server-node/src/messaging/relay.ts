import type { CallError } from '@velox/core/protocol';
import type { Sent } from '../sessions/event-limits.js';
import type { Session } from '../sessions/session.js';
import type { CallOptions } from './calls.js';
import type { EmitOptions } from './emit-options.js';
import type { RoomSelection } from './room-selection.js';

/** The recipients of a cast, as another node can find them. */
export interface RemoteSelection extends RoomSelection {
  readonly notIn: readonly string[];
  /** Groups of names: a recipient has a name of each. */
  readonly only: readonly (readonly string[])[];
  readonly except: readonly string[];
  /** Ids of sessions that are left out, and may have moved: another node knows the own part of each. Default: none. */
  readonly exceptIds?: readonly string[] | undefined;
}

/** An event for the sessions of other nodes. */
export interface RemoteEvent {
  readonly event: string;
  readonly data: unknown;
  readonly isVolatile: boolean;
  readonly key: string;
  readonly channel: string;
}

/** A session on another node, as the application sees it here. */
export interface RemoteSession {
  readonly name: string;
  readonly identity: string | undefined;
  readonly transport: string | undefined;
  readonly rooms: readonly string[];
  emit(event: string, data: unknown, options?: EmitOptions): Sent;
  call(name: string, data: unknown, options?: CallOptions): Promise<unknown>;
  join(rooms: string | readonly string[]): Promise<void>;
  leave(rooms: string | readonly string[]): void;
  close(code?: string, reason?: string): void;
}

/** The outcome of a call to one session. */
export type Outcome =
  | { readonly session: object; readonly data: unknown }
  | { readonly session: object; readonly error: CallError };

/** Sessions of a cluster. */
export interface FoundSessions {
  readonly here: readonly Session[];
  readonly elsewhere: readonly RemoteSession[];
}

/** Reaches the sessions of the other nodes of a cluster. */
export interface Relay {
  /**
   * Sends an event to its recipients on this node by a function, and lets all other nodes send it to theirs; at most once.
   *
   * @param rooms the rooms of the recipients on all nodes
   * @param to undefined if no other node has a recipient
   */
  cast(here: () => number, rooms: RoomSelection, to: RemoteSelection | undefined, event: RemoteEvent): number;
  /**
   * Finds the recipients on all nodes that live, each once. Returns undefined if there is no other node.
   *
   * @param here the recipients on this node, when the other nodes have answered
   * @throws VeloxError `unavailable` if a node that lives does not answer, or the bus fails.
   */
  sessions(to: RemoteSelection, here: () => readonly Session[]): Promise<FoundSessions> | undefined;
  /** Counts the recipients on the other nodes. @throws VeloxError `unavailable`. */
  count(to: RemoteSelection): Promise<number>;
  /**
   * Calls sessions of other nodes. Resolves with the outcome of each; that of a session whose node dies is `unknown-outcome`.
   *
   * @throws VeloxError `not-json`, `too-large`.
   */
  call(
    sessions: readonly RemoteSession[],
    name: string,
    data: unknown,
    options?: CallOptions,
  ): Promise<Outcome[]>;
}
