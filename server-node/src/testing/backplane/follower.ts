import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, Place, Revision, Unsubscribe } from '../../cluster/log.js';

/** A node that follows a topic by the rules: it reads from the log at each gap and doubt. */
export class Follower {
  at: Place;
  /** The tags of all revisions that it has, in order. */
  readonly tags: string[] = [];
  doubts = 0;
  readonly #log: Log;
  readonly #topic: string;
  /** `another`: read once more, because something was missed while reading. */
  #reads: 'none' | 'one' | 'another' = 'none';
  stop: Unsubscribe = () => {};

  private constructor(log: Log, topic: string, at: Place) {
    this.#log = log;
    this.#topic = topic;
    this.at = at;
  }

  static async start(log: Log, topic: string, at: Place): Promise<Follower> {
    const follower = new Follower(log, topic, at);
    follower.stop = await log.follow(
      topic,
      (revision) => follower.#hear(revision),
      () => {
        follower.doubts++;
        follower.#read();
      },
    );
    return follower;
  }

  #hear(revision: Revision): void {
    if (revision.at.id !== this.at.id || revision.at.version <= this.at.version) return;
    if (revision.at.version === this.at.version + 1 && revision.previous === this.at.token)
      this.#apply(revision);
    else this.#read();
  }

  #apply(revision: Revision): void {
    assert.equal(revision.at.version, this.at.version + 1);
    assert.equal(revision.previous, this.at.token);
    this.at = revision.at;
    this.tags.push(revision.tag);
  }

  /** Reads until the log answers, one read at a time. */
  #read(): void {
    const isIdle = this.#reads === 'none';
    this.#reads = isIdle ? 'one' : 'another';
    if (isIdle) void this.#readOn();
  }

  async #readOn(): Promise<void> {
    while (this.#reads !== 'none') {
      this.#reads = 'one';
      const read = await this.#log.read(this.#topic, this.at).catch(() => undefined);
      if (read === undefined) await sleep(20);
      else if (typeof read === 'object')
        for (const revision of read) if (revision.at.version > this.at.version) this.#apply(revision);
      if (read !== undefined && (this.#reads as string) === 'one') this.#reads = 'none';
    }
  }
}
