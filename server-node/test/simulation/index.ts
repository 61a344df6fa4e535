export { createPlan, type Plan, type Settings, type Step, type Way } from './plan.js';
export { run, type Outcome } from './run.js';
export { shrink } from './shrink.js';
