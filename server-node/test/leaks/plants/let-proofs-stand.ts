import { Proofs as OriginalProofs } from '../../../src/topics/proofs.js';
export * from '../../../src/topics/proofs.js';

/** A client that comes back to an audience resumes from where it left, over steps that it could not see. */
export class Proofs extends OriginalProofs {
  override withdraw(): void {
    // they stay good
  }
}
