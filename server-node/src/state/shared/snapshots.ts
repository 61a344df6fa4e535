import type { Place } from '../../cluster/log.js';
import type { Engine } from './engine.js';
import type { SharedValue } from './shared-value.js';

/** The rules for snapshots of the value, and for the revisions kept below them. */
export interface SnapshotOptions {
  /** Revisions that the log keeps below a snapshot, for clients and nodes that come back; default 100. */
  readonly keep?: number;
  /** Revisions from one snapshot to the next; default 50. Long patches bring the next one forward. */
  readonly snapshotEvery?: number;
}

/** Characters of patches from one snapshot to the next, at most. */
const MOST_PATCHES = 1 << 20;

/** Saves snapshots of one topic: the node that has appended a version whose turn it is does so. */
export class Snapshots {
  readonly #topic: string;
  readonly #value: SharedValue<unknown>;
  readonly #engine: Engine;
  readonly #keep: number;
  readonly #every: number;
  #size = 0;
  #isSaving = false;

  constructor(topic: string, value: SharedValue<unknown>, engine: Engine, options: SnapshotOptions) {
    const { keep = 100, snapshotEvery = 50 } = options;
    this.#topic = topic;
    this.#value = value;
    this.#engine = engine;
    this.#keep = keep;
    this.#every = snapshotEvery;
  }

  /** This node has loaded the value. So many revisions above the snapshot mean that the nodes whose turn it was are gone. */
  onLoaded(revisions: number): void {
    if (revisions >= 2 * this.#every) this.#saveSoon();
  }

  /** The log has lost its snapshot, so no other node could load the value. */
  onLost(): void {
    this.#saveSoon();
  }

  /** The value includes a revision that this node has appended. */
  onAppended({ version }: Place, patch: string): void {
    this.#size += patch.length;
    if (version % this.#every === 0 || this.#size >= MOST_PATCHES) this.#saveSoon();
  }

  #saveSoon(): void {
    if (this.#isSaving) return;
    this.#isSaving = true;
    void this.#save();
  }

  async #save(): Promise<void> {
    this.#size = 0;
    const { place } = this.#value;
    const text = this.#value.text();
    try {
      await this.#engine.ask((log) => log.saveSnapshot(this.#topic, place, text, this.#keep));
    } catch (error) {
      // The log has all revisions, so the next turn is early enough.
      this.#engine.observer.log('warn', 'snapshot failed', { topic: this.#topic, error });
    }
    this.#isSaving = false;
  }
}
