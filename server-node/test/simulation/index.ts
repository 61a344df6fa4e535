export { createPlan, type Plan, type Settings, type Step, type Way } from './plan.js';
export { run } from './run.js';
export { shrink } from './shrink.js';
export type { Outcome } from './stage.js';
