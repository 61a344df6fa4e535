import type { Plan } from './plan.js';
import { run } from './run.js';

/** Finds a short plan that still fails: steps are left out as long as something goes wrong. */
export async function shrink(plan: Plan): Promise<Plan> {
  let { steps } = plan;
  for (let at = steps.length - 1; at >= 0; at--) {
    const fewer = steps.filter((_, index) => index !== at);
    if ((await run({ ...plan, steps: fewer })).violation) steps = fewer;
  }
  return { ...plan, steps };
}
