import type { Budget, Position } from '@velox/core/protocol';

/** Is notified of the revisions of a value. */
export interface RevisionListener {
  /** Called when there is something to deliver, at most once per tick or throttle interval, and whenever `stale` changes. */
  onRevision(): void;
  /** Called in the middle of the first change after each `position()`. It must only take a note. */
  onChange?(): void;
}

/** A step of a value, from one version to another. */
export interface Step {
  readonly from: number;
  readonly to: number;
}

/** The value that another one is computed from. */
export interface Origin {
  readonly versioned: Versioned;
  /**
   * Returns its steps that led the computed value from `version` to the present one, the oldest first. Steps that have changed nothing in
   * the computed value are left out as far as they are remembered.
   */
  stepsSince(version: number): readonly Step[];
}

/**
 * A value as a broadcast sees it. Every member is synchronous, and between two changes all describe the same
 * moment.
 */
export interface Versioned {
  /** The position, with every change made so far. A different id means a new epoch. */
  position(): Position;
  /** The value as JSON text. */
  text(): string;
  /** The approximate length of `text`, without creating it. */
  readonly size: number;
  /** The steps from `version` to now, as JSON text of an array of operations (RFC 6902); undefined beyond the history. */
  since(version: number): string | undefined;
  /** The hash of the value at its position; undefined if the budget was too small, or if there are no checks. */
  hash(budget?: Budget): string | undefined;
  /**
   * `anyone`: a client that may see the value now may receive all its steps. Default: only those since a version that the client can
   * prove.
   */
  readonly resume?: 'anyone' | undefined;
  /** Whether it is the value of one audience: caches must not give it to others. */
  readonly isPersonal?: boolean | undefined;
  /** Whether reading it computes it: it is not read while no client wants it. Then its versions must never go back. */
  readonly isComputed?: boolean | undefined;
  /** The value that it is computed from. Absent: the application changes this one. */
  readonly origin?: Origin | undefined;
  /** The topics of values that were read along with it: a client that may see them gets them in the same write. */
  readonly related?: readonly string[] | undefined;
  /** Whether `onRevision` may wait for longer than the tick. */
  readonly isThrottled: boolean;
  /** Why the value may be outdated: a code, sent to clients as it is. undefined: it is current. */
  readonly stale: string | undefined;
  /** Notifies a listener of revisions until `unlisten`. */
  listen(listener: RevisionListener): void;
  unlisten(listener: RevisionListener): void;
  /** Releases the parts that can be recreated. Called when no client has received the value for some seconds. */
  rest?(): void;
}
