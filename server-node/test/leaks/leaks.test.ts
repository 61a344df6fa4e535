/** Whatever clients do with roles, sessions and positions, none is sent a secret that its role may not see. */
import { describe, expect, it } from 'vitest';
import { createPlan, run } from './index.js';

/** `npm run test:sim -- --of leaks` tries more of them. */
const SEEDS = Number(process.env.VELOX_LEAKS ?? 300);

describe('views', () => {
  it(`leak nothing, with ${SEEDS} seeds over all transports`, { timeout: 300_000 }, async () => {
    let followed = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const outcome = await run(createPlan(seed));
      expect(outcome.violation, `npm run test:sim -- --of leaks --seeds 1 --first ${seed}`).toBeUndefined();
      followed += outcome.followed;
    }
    expect(followed).toBeGreaterThan(SEEDS * 5); // the clients were really sent secrets
  });
});
