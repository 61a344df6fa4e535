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

  constructor(object: Members, scope: object) {
    this.object = object;
    this.scope = scope;
  }
}
