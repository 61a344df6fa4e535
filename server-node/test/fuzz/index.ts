/** The entry of the fuzzer's bundle. */
export { ENTRANCES } from './entrances.js';
export { fuzz, type Finding, type FuzzOptions } from './run.js';
