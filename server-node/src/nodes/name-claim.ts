/** A client that takes a name, or wants it. */
export interface NameClaim {
  readonly name: string;
  /** When, in ms of the cluster's time, and on which node. */
  readonly at: number;
  readonly node: string;
}

/** Whether the first of two claims was made before the second one. */
export function isBefore(one: NameClaim, other: NameClaim): boolean {
  return one.at < other.at || (one.at === other.at && one.node < other.node);
}
