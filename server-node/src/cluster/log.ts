/**
 * The place of a revision in a topic's log. Two histories never have an equal place: `token` names the revision itself.
 * Clients get `id` and `version` only.
 */
export interface Place {
  /** The epoch of the topic. */
  readonly id: string;
  readonly version: number;
  /** Opaque, made by the engine: the tag of the revision, or a number of the engine. */
  readonly token: string;
}

/** A step of a topic that a node wants to append. */
export interface NewRevision {
  /** Drawn at random by the writer, at most 80 characters of A to Z, a to z, 0 to 9, `-`, `_` and `.`. No two revisions share a tag. */
  readonly tag: string;
  /** The operations as JSON text. Engines store it as it is and never parse it. */
  readonly patch: string;
}

/** A step of a topic that is in the log. */
export interface Revision extends NewRevision {
  readonly at: Place;
  /** The token of the version before. */
  readonly previous: string;
}

/** The result of an append: the new head, or the head that refused it. A refusal without a head means that the log does not have the topic. */
export type Appended =
  { readonly ok: true; readonly at: Place } | { readonly ok: false; readonly head?: Place | undefined };

/** A topic as a node loads it. */
export interface Opened {
  readonly snapshot: { readonly at: Place; readonly value: string };
  /** Dense from the version after the snapshot's to the head. */
  readonly revisions: readonly Revision[];
  /** The run of the engine in which the head was last written. See {@link Log.run}. */
  readonly run: string;
}

/** Ends something. Further calls do nothing. */
export type Unsubscribe = () => void;

/**
 * The revisions of topics, in an engine that several nodes share.
 *
 * - Topics are any strings. Engines name their keys by `topicKey`.
 * - Values and patches are well-formed JSON text and come back to the byte.
 * - Any method can reject if the engine cannot be reached.
 * - The log has every version above the snapshot's. Only `saveSnapshot` removes revisions.
 */
export interface Log {
  /**
   * Loads a topic, or creates it with a new id. If several nodes create it at the same time, one wins and all get the winner's.
   *
   * @param initial the value of a new topic, as JSON text
   * @param from the version of a new topic; default 1
   */
  open(topic: string, initial: string, from?: number): Promise<Opened>;
  /**
   * Appends all revisions or none: they are appended only if the head equals `after` in id, version and token.
   * An empty list only compares, and marks the head as seen in the present run.
   *
   * Resolves when the revisions are as durable as the engine was told to make them. A rejection with a `VeloxError` `too-large`,
   * `not-supported`, `bad-option` or `unavailable` means that nothing was appended, and an update fails with it. Any other rejection
   * is in doubt: read, and look for the tag. A caller has at most one append of a topic in flight, and one more within each transaction.
   *
   * @param within a client of the engine in a transaction: the append becomes part of it, and is heard after its commit.
   * Engines without transactions reject it with `not-supported`.
   */
  append(topic: string, after: Place, revisions: readonly NewRevision[], within?: unknown): Promise<Appended>;
  /**
   * Reads the revisions after a place, in order and without a hole, up to the head.
   *
   * - `gone`: the log does not reach back so far.
   * - `other`: the place is not in this history. The id or the token differs, the head is lower, or the topic is missing.
   *
   * @param within a client of the engine in a transaction that is to append: the read takes no other connection, because the
   * application may hold all of them. It returns the committed revisions, without those of this transaction. Engines whose reads wait
   * for no connection ignore it.
   */
  read(topic: string, after: Place, within?: unknown): Promise<Revision[] | 'gone' | 'other'>;
  /**
   * Calls `onRevision` with accepted revisions, also with those of this node, in order and at most once. Revisions may be missing:
   * a follower compares `previous`, and reads from the log at a gap. `onRevision` may be called before the append resolves.
   *
   * @param onDoubt revisions may have been missed, for example by a reconnect: read from the log
   * @returns when revisions that are appended from now on will be heard, or `onDoubt` called within 5 s. It may take as long as the
   * engine is away; a node waits, and does not call again before a rejection.
   */
  follow(topic: string, onRevision: (revision: Revision) => void, onDoubt: () => void): Promise<Unsubscribe>;
  /** Reads the heads of many topics in one round trip. undefined: the log does not have the topic. */
  heads(topics: readonly string[]): Promise<(Place | undefined)[]>;
  /**
   * Replaces the snapshot of a topic by a newer one, then removes the revisions up to `keep` versions below it.
   * The revision at the head is never removed if the engine needs it to go on.
   *
   * @returns false if the log has a snapshot as new, or does not have the place `at`
   */
  saveSnapshot(topic: string, at: Place, value: string, keep: number): Promise<boolean>;
  /**
   * Whether a node could load the topic. Only engines that may lose a snapshot and keep the revisions above it have this method: a node
   * asks once in each run of the engine, after it has confirmed the head, and saves a snapshot if not.
   */
  isLoadable?(topic: string): Promise<boolean>;
  /**
   * Begins a new epoch: replaces the id of a topic. Value, version and revisions stay. The token of the head may change.
   *
   * @param id the id to replace. If the topic has another one by now, nothing changes.
   * @returns the head, with the id of the node that was first. Rejects if the log does not have the topic.
   */
  renew(topic: string, id: string): Promise<Place>;
  /** Removes a topic with all that belongs to it. */
  drop(topic: string): Promise<void>;
  /**
   * Names the run of the engine that answers. Another run means that the engine was restarted or failed over, and that revisions may
   * be lost: compare the heads.
   */
  run(): Promise<string>;
}
