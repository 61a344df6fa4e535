/** Readers of Linux's /proc text (proc(5)): text in, figures out. */
import type { Rates } from '../model.js';

/** The figures of one line of /proc/<pid>/stat. `ticks`: CPU time used so far; `pages`: resident memory. */
export interface ProcessStat {
  readonly id: number;
  readonly name: string;
  readonly ticks: number;
  readonly pages: number;
}

/** Reads /proc/<pid>/stat; undefined when the text is cut short, as it may be while a process ends. */
export function parseStat(text: string): ProcessStat | undefined {
  // The name is in parentheses and may itself contain spaces and parentheses.
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const at = (field: number): number => Number(fields[field - 3]); // proc(5) counts from 1; this starts at 3
  const ticks = at(14) + at(15);
  const pages = at(24);
  if (!Number.isFinite(ticks + pages)) return undefined;
  return { id: Number.parseInt(text, 10), name: text.slice(open + 1, close), ticks, pages };
}

/**
 * The name of a program: the kernel keeps 15 bytes of it, the first argument often has all. The other arguments are left
 * alone, for they may hold secrets.
 */
export function fullName(name: string, commandLine: string): string {
  const [first = ''] = commandLine.split('\0');
  const program = first.slice(first.lastIndexOf('/') + 1);
  return program.startsWith(name) && !/\s/.test(program) ? program : name;
}

/** Reads /proc/net/dev: bytes received and sent so far, over all interfaces but loopback. */
export function parseNetDev(text: string): Rates {
  let received = 0;
  let sent = 0;
  for (const [, name, counters = ''] of text.matchAll(/^ *(\S+):(.*)$/gm)) {
    if (name === 'lo') continue;
    const values = counters.trim().split(/\s+/).map(Number);
    received += values[0] ?? 0;
    sent += values[8] ?? 0;
  }
  return { received, sent };
}

/** Reads one entry of /proc/meminfo, in bytes. */
export function parseMeminfo(text: string, entry: string): number | undefined {
  const match = new RegExp(`^${entry}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match ? Number(match[1]) * 1024 : undefined;
}

/** Reads one entry of /proc/self/auxv of a 64-bit process (getauxval(3)), for example 6: bytes in a page, 17: ticks in a second. */
export function parseAuxv(data: Uint8Array, entry: number): number | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at + 16 <= data.byteLength; at += 16) {
    if (view.getBigUint64(at, true) === BigInt(entry)) return Number(view.getBigUint64(at + 8, true));
  }
  return undefined;
}
