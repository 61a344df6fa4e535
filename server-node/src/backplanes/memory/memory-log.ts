/* eslint-disable @typescript-eslint/require-await -- the methods must reject, not throw */
import { randomUUID } from 'node:crypto';
import { VeloxError } from '@velox/core/protocol';
import { FanOut } from '../../cluster/fan-out.js';
import type { Appended, Log, NewRevision, Opened, Place, Revision, Unsubscribe } from '../../cluster/log.js';
import { MemoryTopic } from './memory-topic.js';

/** A log in the memory of the process. Every method takes effect when it is called. */
export class MemoryLog implements Log {
  readonly #topics = new Map<string, MemoryTopic>();
  readonly #followers = new FanOut<Revision>();
  readonly #run = randomUUID();

  async open(topic: string, initial: string, from = 1): Promise<Opened> {
    let found = this.#topics.get(topic);
    if (!found) {
      found = new MemoryTopic({ id: randomUUID(), version: from, token: randomUUID() }, initial);
      this.#topics.set(topic, found);
    }
    const { id, snapshot } = found;
    const { version, token, value } = snapshot;
    return {
      snapshot: { at: { id, version, token }, value },
      revisions: found.after(version) as Revision[],
      run: this.#run,
    };
  }

  async append(
    topic: string,
    after: Place,
    revisions: readonly NewRevision[],
    within?: unknown,
  ): Promise<Appended> {
    if (within !== undefined)
      throw new VeloxError('not-supported', 'the memory backplane has no transactions. Leave out `within`.');
    const found = this.#topics.get(topic);
    if (!found?.isHead(after)) return { ok: false, head: found?.head };
    for (const each of revisions) {
      const revision = found.add(each);
      // Called later, because no engine calls back before `append` has returned.
      queueMicrotask(() => this.#followers.tell(topic, revision));
    }
    return { ok: true, at: found.head };
  }

  async read(topic: string, after: Place): Promise<Revision[] | 'gone' | 'other'> {
    const found = this.#topics.get(topic);
    if (!found || found.id !== after.id || after.version > found.version) return 'other';
    const token = found.tokenAt(after.version);
    if (token !== undefined && token !== after.token) return 'other';
    return (token !== undefined && found.after(after.version)) || 'gone';
  }

  async follow(topic: string, onRevision: (revision: Revision) => void): Promise<Unsubscribe> {
    return this.#followers.add(topic, onRevision);
  }

  async heads(topics: readonly string[]): Promise<(Place | undefined)[]> {
    return topics.map((topic) => this.#topics.get(topic)?.head);
  }

  async saveSnapshot(topic: string, at: Place, value: string, keep: number): Promise<boolean> {
    const found = this.#topics.get(topic);
    if (!found || found.id !== at.id || at.version <= found.snapshot.version) return false;
    if (found.tokenAt(at.version) !== at.token) return false;
    found.snapshot = { version: at.version, token: at.token, value };
    found.trim(at.version - keep);
    return true;
  }

  async renew(topic: string, id: string): Promise<Place> {
    const found = this.#topics.get(topic);
    if (!found) throw new VeloxError('not-found', `the log has no topic "${topic}". Open it.`);
    if (found.id === id) found.id = randomUUID();
    return found.head;
  }

  async drop(topic: string): Promise<void> {
    this.#topics.delete(topic);
  }

  async run(): Promise<string> {
    return this.#run;
  }
}
