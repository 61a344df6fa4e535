/** @velox/core/optimistic: shows the effect of a call before the server has answered. It needs the package `immer`. */
export { optimistic } from './optimistic.js';
export type { OptimisticChange } from '../events/optimistic-change.js';
