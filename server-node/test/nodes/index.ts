export { createPlan, type Plan, type Step } from './plan.js';
export { run } from './run.js';
export { shrink } from './shrink.js';
