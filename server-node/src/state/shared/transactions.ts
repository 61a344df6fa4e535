import type { Place, Revision } from '../../cluster/log.js';
import type { Engine } from './engine.js';
import type { Follower } from './follower.js';

/** How many tags are kept: those of transactions that were rolled back would stay for ever. */
const MOST_TAGS = 1_000;

/** The transactions of an application that append to one topic. */
export class Transactions<T> {
  readonly #topic: string;
  readonly #engine: Engine;
  readonly #follower: Follower<T>;
  /** The revisions of this node whose commit was not heard. */
  readonly #tags = new Set<string>();

  constructor(topic: string, engine: Engine, follower: Follower<T>) {
    this.#topic = topic;
    this.#engine = engine;
    this.#follower = follower;
  }

  /** A transaction has a revision of this node. It may still be rolled back. */
  onAppended(tag: string): void {
    this.#tags.add(tag);
    const [oldest] = this.#tags;
    if (this.#tags.size > MOST_TAGS) this.#tags.delete(oldest as string);
  }

  /** The value has another revision. Returns whether a transaction of this node has appended it. */
  onRevision({ tag }: Revision): boolean {
    return this.#tags.delete(tag);
  }

  /**
   * Resolves when the value has all that was committed at the call. The application may hold all connections of a pool in transactions that
   * wait for this one, so the log is read over the connection of the transaction.
   *
   * @param place the place of the value
   */
  async catchUp(within: unknown, place: Place): Promise<void> {
    // If the read fails, the append fails as well and says why.
    const read = await this.#engine
      .ask((log) => log.read(this.#topic, place, within))
      .catch((): 'failed' => 'failed');
    if (!Array.isArray(read) || !this.#follower.receive(read)) await this.#follower.catchUp();
  }
}
