/** The request that opened a link. */
export interface ClientInfo {
  /** The address of the client; see the option `trustProxy`. Undefined if it is not known, for instance over `fetch`. */
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  /** A header of the request, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** Whether its session comes from another server, where `onDisconnect` gets the reason `moved`. */
  readonly isMoved?: boolean;
}

/** The request of a session that has none. */
export const UNKNOWN_CLIENT: ClientInfo = {
  address: undefined,
  userAgent: undefined,
  header: () => undefined,
};
