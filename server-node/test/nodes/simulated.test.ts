import { describe, expect, it } from 'vitest';
import type { Way } from '../simulation/index.js';
import { createPlan, run } from './index.js';

const WAYS: readonly Way[] = ['websocket', 'sse', 'polling'];
/** `npm run test:sim -- --of nodes` tries more of them. */
const SEEDS = 50;

describe.each(WAYS)('nodes simulated over %s', (way) => {
  it(`keep their promises, with ${SEEDS} seeds`, { timeout: 300_000 }, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violation } = await run(createPlan(seed, way));
      const command = `npm run test:sim -- --of nodes --transport ${way} --seeds 1 --first ${seed}`;
      expect(violation, command).toBeUndefined();
    }
  });

  it('do the same for the same seed, and something else for another', { timeout: 60_000 }, async () => {
    const once = await run(createPlan(7, way), true);
    const twice = await run(createPlan(7, way), true);
    expect(twice.log).toEqual(once.log);
    expect((await run(createPlan(8, way))).digest).not.toBe(once.digest);
  });
});
