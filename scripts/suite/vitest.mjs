import { fileURLToPath } from 'node:url';
import { runReported } from './run-reported.mjs';

const REPORTER = fileURLToPath(new URL('vitest-reporter.mjs', import.meta.url));

/**
 * Runs Vitest.
 *
 * @param only one file of one project; default: all
 * @param options see `runReported`
 * @returns the counts of each file and project
 */
export function runVitest(only, options) {
  const args = ['vitest', 'run', '--reporter=default', `--reporter=${REPORTER}`];
  if (only?.project) args.push('--project', only.project);
  if (only) args.push(only.file);
  const { status, report } = runReported('npx', args, 'VELOX_REPORT', options);
  if (!report) return [{ file: only?.file ?? 'vitest', project: only?.project, ...FAILED }];
  const { files, strays } = report;
  for (const { file, message } of strays) {
    const stray = files.find((each) => each.file === file);
    if (stray) stray.failed ||= 1;
    else files.push({ file: file ?? `vitest: ${message}`, ...FAILED, isLost: true });
  }
  if (status !== 0 && !files.some(({ failed }) => failed > 0)) {
    files.push({ file: 'vitest', ...FAILED, isLost: true }); // for instance, it ran no test
  }
  return files;
}

const FAILED = { passed: 0, failed: 1, skipped: 0 };
