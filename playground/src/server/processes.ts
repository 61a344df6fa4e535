import type { Process } from '../model.js';
import { listProcessIds, readProc, readProcBytes } from './proc-files.js';
import { fullName, parseAuxv, parseStat, type ProcessStat } from './proc.js';

/** One tick of the kernel in 500 ms would be 2 %: four samples smooth that to 0.5 %. */
const WINDOW = 4;

const auxv = readProcBytes('self/auxv');
const PAGE = (auxv && parseAuxv(auxv, 6)) ?? 4096;
const TICKS_PER_MS = ((auxv && parseAuxv(auxv, 17)) ?? 100) / 1000;

interface Reading {
  readonly at: number;
  readonly ticks: ReadonlyMap<number, number>;
}

/**
 * Creates a reader of the process list: each call tells how many processes there are and the `top` busiest, by CPU (percent
 * of one core over the last calls), then by memory.
 */
export function createProcessMeter(top: number): () => { count: number; busiest: Process[] } {
  const names = new Map<number, string>();
  const readings: Reading[] = [];

  const nameOf = (stat: ProcessStat): string => {
    const known = names.get(stat.id);
    if (known?.startsWith(stat.name)) return known;
    const name = fullName(stat.name, readProc(`${stat.id}/cmdline`) ?? '');
    names.set(stat.id, name);
    return name;
  };

  return () => {
    const at = performance.now();
    const stats = listProcessIds().flatMap((id) => parseStat(readProc(`${id}/stat`) ?? '') ?? []);
    const reading = { at, ticks: new Map(stats.map(({ id, ticks }) => [id, ticks])) };
    const before = readings.length < WINDOW ? readings[0] : readings.shift();
    readings.push(reading);
    for (const id of names.keys()) if (!reading.ticks.has(id)) names.delete(id);

    const elapsed = before ? (at - before.at) * TICKS_PER_MS : Infinity;
    const busiest = stats
      .map((stat) => ({ stat, used: stat.ticks - (before?.ticks.get(stat.id) ?? stat.ticks) }))
      .sort((a, b) => b.used - a.used || b.stat.pages - a.stat.pages || a.stat.id - b.stat.id)
      .slice(0, top)
      .map(({ stat, used }) => ({
        id: stat.id,
        name: nameOf(stat),
        cpu: Math.max(0, Math.round((used / elapsed) * 1000) / 10),
        memory: stat.pages * PAGE,
      }));
    return { count: stats.length, busiest };
  };
}
