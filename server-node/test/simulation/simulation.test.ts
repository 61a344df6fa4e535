import { afterEach, describe, expect, it, vi } from 'vitest';
import { Session } from '../../src/sessions/session.js';
import { createPlan, run, shrink, type Way } from './index.js';

const WAYS: readonly Way[] = ['websocket', 'sse', 'polling'];
/** `npm run test:sim` tries more of them. */
const SEEDS = 100;

afterEach(() => vi.restoreAllMocks());

describe.each(WAYS)('simulated over %s', (way) => {
  it(`never diverges, with ${SEEDS} seeds`, { timeout: 300_000 }, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violation } = await run(createPlan(seed, way));
      expect(violation, `npm run test:sim -- --transport ${way} --seeds 1 --first ${seed}`).toBeUndefined();
    }
  });

  it('does the same for the same seed, and something else for another', async () => {
    const once = await run(createPlan(7, way), true);
    const twice = await run(createPlan(7, way), true);
    expect(twice.log).toEqual(once.log);
    expect(twice.digest).toBe(once.digest);
    expect((await run(createPlan(8, way))).digest).not.toBe(once.digest);
  });

  it('finds a bug, and a short way to it', { timeout: 60_000 }, async () => {
    vi.spyOn(Session.prototype, 'take').mockReturnValue(true); // a frame that was there before counts once more
    const shortWay = async (): Promise<ReturnType<typeof createPlan>> => {
      for (let seed = 1; seed < SEEDS; seed++) {
        const plan = createPlan(seed, way);
        if (!(await run(plan)).violation) continue;
        const { steps } = await shrink(plan);
        if (steps.length <= 4) return { ...plan, steps };
      }
      throw new Error('no short way to the bug was found');
    };
    expect((await run(await shortWay())).violation).toMatch(/note \d+ of client \d came after/);
  });
});
