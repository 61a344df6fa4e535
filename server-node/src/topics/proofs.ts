import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Position } from '@velox/core/protocol';
import type { SharedProofs } from './shared-proofs.js';

/** Characters of a proof's code: 126 bits. */
const CODE = 21;

/** After so many withdrawals the key is drawn again. */
const MOST_WITHDRAWALS = 10_000;

/**
 * Proofs that a client was given a version of a topic while it was allowed to see it. A client that resumes from a version receives the
 * steps since then; without a proof, anyone could name an early version and read what was removed before it was authorized. The proof is of
 * the version and not of the client, so snapshots are still shared by all.
 */
export class Proofs {
  /** Drawn for the first proof: some runtimes have no random numbers while a module is loaded. */
  #key: Buffer | undefined;
  /** How often rights to a topic were withdrawn, or to one epoch of it (`topic epoch`): earlier proofs are void. */
  readonly #withdrawals = new Map<string, number>();
  #keys = 1;
  /** Withdrawals since the key was drawn. */
  #count = 0;
  /** The key and the withdrawals of states that other nodes have, too. */
  shared: SharedProofs | undefined;

  /** The proof of a position, as it is sent and as a client repeats it. */
  of(topic: string, { id, version }: Position): string {
    return `${version}.${this.#code(topic, id, version)}`;
  }

  /** Whether a client with this proof may have the steps since a position: the proof is of that version or an earlier one. */
  covers(topic: string, { id, version }: Position, proof: string | undefined): boolean {
    const [, number, code] = proof?.match(/^(\d{1,15})\.([\w-]+)$/) ?? [];
    if (number === undefined || code?.length !== CODE || Number(number) > version) return false;
    // Proofs with the shared key do not tell whether they are older than a withdrawal that concerns one epoch.
    if (this.shared?.keyOf(topic) && this.#withdrawals.has(epochKey(topic, id))) return false;
    return timingSafeEqual(Buffer.from(code), Buffer.from(this.#code(topic, id, Number(number))));
  }

  /** A number that changes when proofs of an epoch become void. */
  generation(topic: string, id: string): number {
    const ofTopic = this.#withdrawals.get(topic) ?? 0;
    const ofEpoch = this.#withdrawals.get(epochKey(topic, id)) ?? 0;
    return this.#keys * MOST_WITHDRAWALS + ofTopic + ofEpoch + (this.shared?.generation(topic) ?? 0);
  }

  /** Makes all earlier proofs of a topic void, or of one epoch of it. */
  withdraw(topic: string, id?: string): void {
    if (id === undefined) this.shared?.withdraw(topic);
    const key = id === undefined ? topic : epochKey(topic, id);
    this.#withdrawals.set(key, (this.#withdrawals.get(key) ?? 0) + 1);
    if (++this.#count < MOST_WITHDRAWALS) return;
    // Epochs come and go: with a new key all proofs are void, and nothing has to be remembered.
    this.#count = 0;
    this.#keys++;
    this.#key = undefined;
    this.#withdrawals.clear();
  }

  #code(topic: string, id: string, version: number): string {
    const key = this.shared?.keyOf(topic);
    // Another node knows its own withdrawals and the shared ones.
    const generation = key ? this.shared?.generation(topic) : this.generation(topic, id);
    const text = JSON.stringify([topic, generation, id, version]);
    return createHmac('sha256', key ?? (this.#key ??= randomBytes(32)))
      .update(text)
      .digest('base64url')
      .slice(0, CODE);
  }
}

/**
 * The id of a client that was ahead ends with marks, which are removed. No topic contains half a surrogate pair, so that separates the two.
 */
function epochKey(topic: string, id: string): string {
  let end = id.length;
  while (id.endsWith('!', end)) end--;
  return `${topic}\ud800${id.slice(0, end)}`;
}
