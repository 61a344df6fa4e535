import type { Backplane, BusPart, LogPart } from './bus.js';

/**
 * Makes a backplane of two engines: one keeps, the other tells.
 *
 * @example
 * createHub({ backplane: combine({ log: postgres({ pool }), bus: mesh({ … }) }) });
 */
export function combine(parts: { readonly log: LogPart; readonly bus: BusPart }): Backplane {
  const { log, bus } = parts;
  return {
    log: log.log,
    bus: bus.bus,
    durable: log.durable,
    shared: log.shared,
    async close() {
      await Promise.all([log.close(), bus.close()]);
    },
  };
}
