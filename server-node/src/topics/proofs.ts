import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Position } from '@velox/core/protocol';

/** Characters of a proof's code: 126 bits. */
const CODE = 21;

/**
 * Proofs that a client was given a version of a topic while it was allowed to see it. A client that resumes from a version receives the
 * steps since then; without a proof, anyone could name an early version and read what was removed before it was authorized. The proof is of
 * the version and not of the client, so snapshots are still shared by all.
 */
export class Proofs {
  readonly #key = randomBytes(32);
  /** How often rights to a topic were withdrawn: earlier proofs are void. */
  readonly #withdrawals = new Map<string, number>();

  /** The proof of a position, as it is sent and as a client repeats it. */
  of(topic: string, { id, version }: Position): string {
    return `${version}.${this.#code(topic, id, version)}`;
  }

  /** Whether a client with this proof may have the steps since a position: the proof is of that version or an earlier one. */
  covers(topic: string, { id, version }: Position, proof: string | undefined): boolean {
    const [, number, code] = proof?.match(/^(\d{1,15})\.([\w-]+)$/) ?? [];
    if (number === undefined || code?.length !== CODE || Number(number) > version) return false;
    return timingSafeEqual(Buffer.from(code), Buffer.from(this.#code(topic, id, Number(number))));
  }

  /** How often rights to a topic were withdrawn. */
  generation(topic: string): number {
    return this.#withdrawals.get(topic) ?? 0;
  }

  /** Makes all earlier proofs of a topic void. */
  withdraw(topic: string): void {
    this.#withdrawals.set(topic, this.generation(topic) + 1);
  }

  #code(topic: string, id: string, version: number): string {
    const text = JSON.stringify([topic, this.generation(topic), id, version]);
    return createHmac('sha256', this.#key).update(text).digest('base64url').slice(0, CODE);
  }
}
