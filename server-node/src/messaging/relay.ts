/** The recipients of a cast, as another node can find them: handles of sessions mean nothing there. */
export interface RemoteSelection {
  readonly rooms?: readonly string[] | undefined;
  readonly notIn: readonly string[];
  /** Groups of names: a recipient has a name of each. */
  readonly only: readonly (readonly string[])[];
  readonly except: readonly string[];
}

/** An event for the sessions of other nodes. */
export interface RemoteEvent {
  readonly event: string;
  readonly data: unknown;
  readonly isVolatile: boolean;
  readonly key: string;
  readonly channel: string;
}

/** Carries casts to the other nodes of a cluster. */
export interface Relay {
  /**
   * Sends an event to its recipients on this node by a function, and lets all other nodes send it to theirs; at most once.
   *
   * @param to undefined if no other node has a recipient
   */
  cast(here: () => number, to: RemoteSelection | undefined, event: RemoteEvent): number;
}
