import { cpus, freemem, totalmem } from 'node:os';
import type { Memory, Rates } from '../model.js';
import { readProc } from './proc-files.js';
import { parseMeminfo, parseNetDev } from './proc.js';

/** Creates a reader of the load of each core since its last call, in whole percent. */
export function createLoadMeter(): () => number[] {
  let before: { idle: number; total: number }[] = [];
  return () => {
    const now = cpus().map(({ times }) => ({
      idle: times.idle,
      total: times.user + times.nice + times.sys + times.irq + times.idle,
    }));
    const load = now.map(({ idle, total }, core) => {
      const last = before[core] ?? { idle: 0, total: 0 };
      const elapsed = total - last.total;
      return elapsed > 0 ? Math.round(100 - ((idle - last.idle) / elapsed) * 100) : 0;
    });
    before = now;
    return load;
  };
}

/** Creates a reader of the network's rates since its last call; null if the system does not report them. */
export function createNetworkMeter(): () => Rates | null {
  let before: { at: number; total: Rates } | undefined;
  return () => {
    const text = readProc('net/dev');
    if (text === undefined) return null;
    const at = performance.now();
    const total = parseNetDev(text);
    const last = before;
    before = { at, total };
    if (!last) return { received: 0, sent: 0 };
    // A counter goes back when its interface goes away.
    const rate = (key: keyof Rates): number =>
      Math.max(0, Math.round(((total[key] - last.total[key]) / (at - last.at)) * 1000));
    return { received: rate('received'), sent: rate('sent') };
  };
}

/** Memory in use is the part that a new program could not get, if the system reports it (caches do not count). */
export function readMemory(): Memory {
  const text = readProc('meminfo') ?? '';
  const total = parseMeminfo(text, 'MemTotal') ?? totalmem();
  return { total, used: total - (parseMeminfo(text, 'MemAvailable') ?? freemem()) };
}
