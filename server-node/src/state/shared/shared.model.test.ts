import fc from 'fast-check';
import { describe, it } from 'vitest';
import { numRuns, timeout } from '../../../test/rig/documents.js';
import { endure, endureLosses, withLosses, withoutLosses } from '../../../test/rig/shared-model.js';

describe('a shared state on three nodes', { timeout: timeout * 4 }, () => {
  it('has every acknowledged update once, if the engine loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(withoutLosses, (given) => endure(given)),
      { numRuns },
    );
  });

  it('heals the revisions that the engine loses, or reports them', async () => {
    await fc.assert(
      fc.asyncProperty(withLosses, (given) => endureLosses(given)),
      { numRuns },
    );
  });
});
