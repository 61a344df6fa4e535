/** Some hundred inputs on each entrance; `npm run fuzz` tries as many as it is told. */
import { expect, it } from 'vitest';
import { ENTRANCES, fuzz } from './index.js';

const runs = process.env.VELOX_RUNS ? Number(process.env.VELOX_RUNS) : 300;

it.each(Object.keys(ENTRANCES))(
  'no input on the entrance %s escapes, or harms a neighbour',
  async (entrance) => {
    expect(await fuzz({ entrance, runs, seed: 1 })).toBeUndefined();
  },
  60_000 + 20 * runs,
);

it('an unknown entrance is an error', async () => {
  await expect(fuzz({ entrance: 'none', runs: 1, seed: 1 })).rejects.toThrow(/Choose websocket, post/);
});
