import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs a command that writes a JSON report.
 *
 * @param variable the environment variable that tells the command where to write the report
 * @param stdio `ignore` hides its output
 * @returns the exit status, and the report if the command wrote one
 */
export function runReported(command, args, variable, { cwd, env, stdio = 'inherit' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'velox-report-'));
  const file = join(folder, 'report.json');
  const { status } = spawnSync(command, args, {
    cwd,
    stdio,
    env: { ...process.env, ...env, [variable]: file },
  });
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // it ended before it wrote one: the status tells that it failed
  }
  rmSync(folder, { recursive: true, force: true });
  return { status, report };
}
