import type { Plan } from './plan.js';
import { run } from './run.js';

/**
 * Finds a short plan that still fails: steps are left out as long as something goes wrong, in ever smaller pieces.
 *
 * @see Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing Input (2002)
 */
export async function shrink(plan: Plan): Promise<Plan> {
  let steps = plan.steps;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < steps.length;) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
      const { violation } = await run({ ...plan, steps: fewer });
      if (violation) steps = fewer;
      else at += size;
    }
  }
  return { ...plan, steps };
}
