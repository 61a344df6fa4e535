import { runReported } from './run-reported.mjs';

/**
 * Runs Playwright.
 *
 * @param only one file; default: all
 * @param options see `runReported`
 * @returns the counts of each file
 */
export function runPlaywright(only, options) {
  const args = ['playwright', 'test', '--reporter=list,json'];
  if (only) args.push(only.file);
  const { status, report } = runReported('npx', args, 'PLAYWRIGHT_JSON_OUTPUT_NAME', options);
  const files = (report?.suites ?? []).map((suite) => ({ file: suite.file, ...count(suite) }));
  if (status !== 0 && !files.some(({ failed }) => failed > 0)) {
    files.push({ file: 'playwright', passed: 0, failed: 1, skipped: 0, isLost: true }); // for instance, it ran no test
  }
  return files;
}

function count({ specs = [], suites = [] }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { tests } of specs) {
    for (const { status } of tests) {
      counts[status === 'expected' ? 'passed' : status === 'skipped' ? 'skipped' : 'failed']++;
    }
  }
  for (const suite of suites) {
    const inner = count(suite);
    for (const key of Object.keys(counts)) counts[key] += inner[key];
  }
  return counts;
}
