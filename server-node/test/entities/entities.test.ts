/** Whatever clients, fetches and the application do, nobody is sent a row of another audience, or an older row after a newer one. */
import { describe, expect, it } from 'vitest';
import { createPlan, run } from './index.js';

/** `npm run test:sim -- --of entities` tries more of them. */
const SEEDS = Number(process.env.VELOX_ENTITIES ?? 150);

describe('entities', () => {
  it(`are right for each client, with ${SEEDS} seeds over all transports`, { timeout: 300_000 }, async () => {
    let followed = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const outcome = await run(createPlan(seed));
      expect(
        outcome.violation,
        `npm run test:sim -- --of entities --seeds 1 --first ${seed}`,
      ).toBeUndefined();
      followed += outcome.followed;
    }
    expect(followed).toBeGreaterThan(SEEDS * 5); // the clients had rows in the end
  });
});
