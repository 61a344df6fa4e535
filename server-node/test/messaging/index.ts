export { createPlan, type Plan, type Settings, type Step } from './plan.js';
export { run } from './run.js';
export { shrink } from './shrink.js';
export type { Outcome } from '../simulation/stage.js';
