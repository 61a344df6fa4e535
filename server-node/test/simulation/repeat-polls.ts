import type { Path } from '../../src/testing/memory-path.js';
import { createRandom } from '../../src/testing/random.js';
import type { Plan } from './plan.js';

/** In half of the plans over long-polling, browsers repeat some polls: the first answer is lost with its connection. */
export function repeatPolls({ seed, way }: Pick<Plan, 'seed' | 'way'>, paths: readonly Path[]): void {
  const random = createRandom(seed, 51);
  if (way !== 'polling' || random.chance(0.5)) return;
  for (const path of paths) path.repeat = () => (random.chance(0.2) ? random.between(1, 400) : undefined);
}
