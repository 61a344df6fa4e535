import { shrinkSteps } from '../rig/shrink-steps.js';
import type { Plan } from './plan.js';
import { run } from './run.js';

/** Finds a short plan that still fails. */
export async function shrink(plan: Plan): Promise<Plan> {
  const fails = async (steps: Plan['steps']): Promise<boolean> =>
    (await run({ ...plan, steps })).violation !== undefined;
  return { ...plan, steps: await shrinkSteps(plan.steps, fails) };
}
