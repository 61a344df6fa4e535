export { createPlan, type Plan, type Step } from './plan.js';
export { run, type Outcome } from './run.js';
export { shrink } from './shrink.js';
