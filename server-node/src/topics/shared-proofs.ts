import { randomBytes } from 'node:crypto';
import type { SharedTopic } from '../state/shared/shared-state.js';

/** The data that proofs of shared states need on all nodes. */
export interface ProofRecord {
  readonly key: string;
  /** How often rights to a topic were withdrawn since the key was drawn, by `:` and the topic. */
  readonly withdrawals: Readonly<Record<string, number>>;
}

/** The topic of the log that has the record. No topic of an application has a control character. */
export const PROOFS_TOPIC = '\u0001proofs';

/** After so many topics the key is drawn again. */
const MOST_TOPICS = 10_000;
/** The wait before a withdrawal that failed is tried again, in ms. */
const RETRY_MS = 2_000;

/** Draws the record of a cluster that has none. */
export function newProofRecord(): ProofRecord {
  return { key: randomBytes(32).toString('base64'), withdrawals: {} };
}

/** The key of proofs and their withdrawals for the states that several nodes share: a client resumes on any of them. */
export class SharedProofs {
  readonly #record: SharedTopic<ProofRecord>;
  readonly #isShared: (topic: string) => boolean;
  /** Withdrawals of this node that are not in the record yet. */
  readonly #pending = new Map<string, number>();
  #isLoaded = false;
  #isClosed = false;

  constructor(record: SharedTopic<ProofRecord>, isShared: (topic: string) => boolean) {
    this.#record = record;
    this.#isShared = isShared;
    void record.whenLoaded.then(() => (this.#isLoaded = true));
  }

  /** The key for proofs of a topic; undefined if the topic is not shared, or the key is not known yet. */
  keyOf(topic: string): Buffer | undefined {
    return this.#isLoaded && this.#isShared(topic)
      ? Buffer.from(this.#record.get().key, 'base64')
      : undefined;
  }

  /** A number that grows with each withdrawal of rights to a topic. */
  generation(topic: string): number {
    if (!this.#isLoaded || !this.#isShared(topic)) return 0;
    const { withdrawals } = this.#record.get();
    return 1 + (withdrawals[`:${topic}`] ?? 0) + (this.#pending.get(topic) ?? 0);
  }

  /** Makes all earlier proofs of a shared topic void, here now and on other nodes within moments. */
  withdraw(topic: string): void {
    if (!this.#isShared(topic)) return;
    this.#pending.set(topic, (this.#pending.get(topic) ?? 0) + 1);
    void this.#note(topic);
  }

  close(): void {
    this.#isClosed = true;
    this.#record.close();
  }

  async #note(topic: string): Promise<void> {
    const next = newProofRecord(); // a recipe may run again
    while (!this.#isClosed) {
      try {
        await this.#record.update(({ withdrawals }) => {
          const key = `:${topic}`;
          if (Object.keys(withdrawals).length >= MOST_TOPICS) return next;
          const counts = withdrawals as Record<string, number>;
          counts[key] = (counts[key] ?? 0) + 1;
          return undefined;
        });
        const left = (this.#pending.get(topic) ?? 1) - 1;
        if (left > 0) this.#pending.set(topic, left);
        else this.#pending.delete(topic);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }
}
