import type { Place, Revision } from '../../cluster/log.js';
import type { Engine } from './engine.js';
import type { Follower } from './follower.js';
import type { SharedValue } from './shared-value.js';

/** How many tags are kept: those of transactions that were rolled back would stay for ever. */
const MOST_TAGS = 1_000;

/** By client of an engine and topic: the tag that a transaction of it was the last to append. */
const appendedBy = new WeakMap<object, Map<string, string>>();

/** The transactions of an application that append to one topic. */
export class Transactions<T> {
  readonly #topic: string;
  readonly #value: SharedValue<T>;
  readonly #engine: Engine;
  readonly #follower: Follower<T>;
  /** The revisions of this node whose commit was not heard. */
  readonly #tags = new Set<string>();
  /** Called when the value has another revision. */
  readonly #waiting = new Set<() => void>();

  constructor(topic: string, value: SharedValue<T>, engine: Engine, follower: Follower<T>) {
    this.#topic = topic;
    this.#value = value;
    this.#engine = engine;
    this.#follower = follower;
  }

  /** A transaction has a revision of this node. It may still be rolled back. */
  onAppended(within: unknown, tag: string): void {
    this.#tags.add(tag);
    const [oldest] = this.#tags;
    if (this.#tags.size > MOST_TAGS) this.#tags.delete(oldest as string);
    if (!isObject(within)) return;
    const tags = appendedBy.get(within) ?? new Map<string, string>();
    appendedBy.set(within, tags.set(this.#topic, tag));
  }

  /** The value has another revision. Returns whether a transaction of this node has appended it. */
  onRevision({ tag }: Revision): boolean {
    for (const check of this.#waiting) check();
    return this.#tags.delete(tag);
  }

  /**
   * Resolves when the value has all that was committed up to `head`. The application may hold all connections of a pool in transactions
   * that wait for this one, so the log is read over the connection of the transaction.
   */
  async catchUp(within: unknown, head: Place): Promise<void> {
    if (await this.#readWithin(within, head)) return;
    const heard = this.#whenHeard(head);
    try {
      await Promise.race([this.#follower.catchUp(), heard.promise]);
    } finally {
      heard.cancel();
    }
  }

  async #readWithin(within: unknown, head: Place): Promise<boolean> {
    const { place } = this.#value;
    // If the read fails, the append fails as well and says why.
    const read = await this.#engine
      .ask((log) => log.read(this.#topic, place, within))
      .catch((): 'failed' => 'failed');
    if (!Array.isArray(read)) return false;
    const own = isObject(within) && appendedBy.get(within)?.get(this.#topic);
    // The transaction sees its own revision, and one of the transaction before it on this connection: which of both it is is not known.
    const isOpen = own !== undefined && read.at(-1)?.tag === own;
    return this.#follower.receive(isOpen ? read.slice(0, -1) : read) && this.#has(head);
  }

  #whenHeard(head: Place): { readonly promise: Promise<void>; readonly cancel: () => void } {
    let check = (): void => undefined;
    const promise = new Promise<void>((resolve) => {
      check = () => {
        if (this.#has(head)) resolve();
      };
    });
    this.#waiting.add(check);
    return { promise, cancel: () => this.#waiting.delete(check) };
  }

  #has({ id, version }: Place): boolean {
    const { place } = this.#value;
    return place.id === id && place.version >= version;
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
