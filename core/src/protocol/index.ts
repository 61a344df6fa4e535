/** @velox/core/protocol: frames, decoding, patches and hashes, shared with servers. */
export * from './call-error.js';
export * from './check-options.js';
export type * from './contract.js';
export { dataOf } from './data-of.js';
export { dataText, type BinaryPart, type Carried } from './data-text.js';
export * from './decode.js';
export * from './define-contract.js';
export * from './error.js';
export * from './frames.js';
export type * from './json.js';
export * from './name.js';
export * from './patch.js';
export type * from './presence.js';
export type * from './standard-schema.js';
export * from './state-hash.js';
export * from './timer.js';
