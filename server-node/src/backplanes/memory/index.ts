/** @velox/server/memory: a backplane for several hubs in one process, for tests and for trying things out. */
import type { Backplane } from '../../cluster/bus.js';
import { MemoryBus } from './memory-bus.js';
import { MemoryLog } from './memory-log.js';

/**
 * Makes a backplane in the memory of this process. All hubs that get it are nodes of one cluster. Its revisions end with the process.
 *
 * @example
 * const backplane = memory();
 * const [east, west] = [createHub({ backplane }), createHub({ backplane })];
 */
export function memory(): Backplane {
  return {
    log: new MemoryLog(),
    bus: new MemoryBus(),
    durable: false,
    shared: false,
    close: () => Promise.resolve(),
  };
}
