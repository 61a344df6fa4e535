import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { timeout } from '../../../test/rig/documents.js';
import { endure, endureLosses, withLosses, withoutLosses } from '../../../test/rig/shared-model.js';
import { Follower } from './follower.js';
import { RecentRevisions } from './recent-revisions.js';
import { SharedValue } from './shared-value.js';

/** Bugs of this package, switched on one at a time. */
const planted = vi.hoisted(() => ({ healsWithoutToken: false }));

vi.mock('./relate.js', async (original) => {
  const genuine = await original<typeof import('./relate.js')>();
  const relate: typeof genuine.relate = (mine, log) => {
    const after = genuine.headOf(log);
    const missing = mine.after(after.version);
    const isLower = after.id === mine.head.id && after.version < mine.head.version;
    if (planted.healsWithoutToken && isLower && missing) return { is: 'behind', after, missing };
    return genuine.relate(mine, log);
  };
  return { ...genuine, relate };
});

afterEach(() => {
  planted.healsWithoutToken = false;
  vi.restoreAllMocks();
});

/** At least five times the runs that each planted bug needs. */
const MOST_RUNS = 2_000;

const isFound = async (property: fc.IAsyncProperty<unknown>): Promise<boolean> => {
  const { failed } = await fc.check(property, { numRuns: MOST_RUNS, seed: 1, endOnFailure: true });
  return failed;
};
const run = fc.asyncProperty(withoutLosses, (given) => endure(given));
const runWithLosses = fc.asyncProperty(withLosses, (given) => endureLosses(given));

describe('a bug that is planted into shared states', { timeout: timeout * 10 }, () => {
  it('the model finds an engine that compares the version alone', async () => {
    const bugs = { comparesVersionOnly: true };
    expect(await isFound(fc.asyncProperty(withLosses, (given) => endureLosses(given, bugs)))).toBe(true);
  });

  it('the model finds an engine that trims in an append', async () => {
    const bugs = { trimsInAppend: true };
    expect(await isFound(fc.asyncProperty(withoutLosses, (given) => endure(given, bugs)))).toBe(true);
  });

  it('the model finds a heal that does not compare the token', async () => {
    planted.healsWithoutToken = true;
    expect(await isFound(runWithLosses)).toBe(true);
  });

  it('the model finds an update whose tag is not looked for after its reply was lost', async () => {
    vi.spyOn(RecentRevisions.prototype, 'find').mockReturnValue(undefined);
    expect(await isFound(run)).toBe(true);
  });

  it('the model finds a value that is advanced by a revision with another predecessor', async () => {
    const genuine = Reflect.get<typeof SharedValue.prototype, 'receive'>(SharedValue.prototype, 'receive');
    vi.spyOn(SharedValue.prototype, 'receive').mockImplementation(function (
      this: SharedValue<unknown>,
      revision,
    ) {
      return genuine.call(this, { ...revision, previous: this.place.token });
    });
    expect(await isFound(runWithLosses)).toBe(true);
  });

  it('the model finds a node that never compares the heads', async () => {
    vi.spyOn(Follower.prototype, 'compare').mockReturnValue(undefined);
    expect(await isFound(run)).toBe(true);
  });
});
