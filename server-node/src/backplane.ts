/** @velox/server/backplane: the interfaces of a backplane, and the parts that every engine needs. See docs/backplanes.md. */
export type { Backplane, Bus, BusPart, LogPart } from './cluster/bus.js';
export type { Appended, Log, NewRevision, Opened, Place, Revision, Unsubscribe } from './cluster/log.js';
export { withParts } from './cluster/bus-parts.js';
export { CHANGED, changedRow } from './cluster/changed.js';
export { combine } from './cluster/combine.js';
export { FanOut } from './cluster/fan-out.js';
export { HeadsWatch } from './cluster/heads-watch.js';
export { topicKey } from './cluster/topic-key.js';
