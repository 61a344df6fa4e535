/** @velox/core/adapter: the parts that adapters to a framework are built from. */
export { replicaOf, type Lookup } from './connect/registry.js';
export { entityOf } from './connect/entity-of.js';
export { initialOf } from './connect/initial-of.js';
export { ownInitial } from './connect/own-initial.js';
export { refusal } from './connect/refusal.js';
export { createKeptOptions, type KeptOptions } from './connect/kept-options.js';
export { sourceWith, type DefaultedSource, type SourceDefaults } from './connect/source-with.js';
export { syncOf } from './connect/sync-of.js';
export { untilKnown } from './connect/until-known.js';
export { createKeep, createSelection, createSelector, type Selection } from './reactive/select.js';
export { attempt } from './reactive/readable.js';
export { createMirror, type MirrorOptions } from './reactive/mirror.js';
