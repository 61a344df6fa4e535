import { hasOwn, isContainer, read } from './container.js';
import { VeloxError } from '@velox/core/protocol';

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
  /** For an array: the item that each item of the copy was made from. Unset while that is not known. */
  items: readonly unknown[] | undefined;
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

  /** Whether the item of an array is where it was when the copy was last arranged. A primitive may be another one. */
  isInPlace(index: number): boolean {
    const { object, items } = this;
    if (!items || items.length !== object.length) return false;
    const now = read(object, index);
    const before = items[index];
    return now === before || !(isContainer(now) || isContainer(before));
  }

  /**
   * @param copy the node of the copy
   * @param key a member that is about to be read or written; default: all of them
   * @throws VeloxError `stale-object` if the object was written after a draft of its copy
   */
  refuseChange(copy: { pointer(): string }, key?: string): void {
    if (this.#isAsSeen(key)) return;
    throw new VeloxError(
      'stale-object',
      `the object at ${copy.pointer() || 'the root'} was written after its draft was. Go on with the draft, or finish the object first.`,
    );
  }

  /** Whether the object has the members that it had when a draft wrote to its copy: all of them, or only the one under `key`. */
  #isAsSeen(key?: string): boolean {
    const { object, seen = object } = this;
    if (key !== undefined) {
      if (Array.isArray(object) && object.length !== seen.length) return false;
      return isSameMember(object, seen, key);
    }
    const keys = Object.keys(object);
    return keys.length === Object.keys(seen).length && keys.every((each) => isSameMember(object, seen, each));
  }
}

function isSameMember(left: Members, right: Members, key: string): boolean {
  if (!hasOwn(left, key)) return !hasOwn(right, key);
  return hasOwn(right, key) && Object.is(read(left, key), read(right, key));
}
