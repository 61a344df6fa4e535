import { readdirSync, readFileSync } from 'node:fs';

/** Reads a file of /proc as text; undefined if it does not exist, or no longer (a process ended). */
export function readProc(path: string): string | undefined {
  return readProcBytes(path)?.toString();
}

export function readProcBytes(path: string): Buffer | undefined {
  try {
    return readFileSync(`/proc/${path}`);
  } catch {
    return undefined;
  }
}

/** The ids of all processes; none if there is no /proc. */
export function listProcessIds(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
