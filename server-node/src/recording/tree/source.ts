type Members = Record<string, unknown> | unknown[];

/**
 * The application's object that a container was copied from. While the node has one, writes to that object count as well. A draft that
 * writes to the copy keeps in `seen` the members that the object had by then: later writes to the object would be ambiguous.
 */
export class Source {
  readonly object: Members;
  /** The life of drafts in which the object was assigned. */
  readonly scope: object;
  seen: Members | undefined;
  /** The assignment of the object was undone. */
  isUndone = false;
  /** The source of the container around this one, if the object was found as a member of that one's. */
  readonly #outer: Source | undefined;

  constructor(object: Members, scope: object, outer?: Source) {
    this.object = object;
    this.scope = scope;
    this.#outer = outer;
  }

  /** Whether the assignment that the object came with was undone. */
  get isOver(): boolean {
    return this.isUndone || (this.#outer?.isOver ?? false);
  }

  /** Whether the object has the members that it had when a draft wrote to its copy. */
  isAsSeen(): boolean {
    const { object, seen = object } = this;
    const entries = Object.entries(object);
    return (
      entries.length === Object.keys(seen).length &&
      entries.every(
        ([key, member]) =>
          Object.prototype.hasOwnProperty.call(seen, key) &&
          Object.is((seen as Record<string, unknown>)[key], member),
      )
    );
  }
}
