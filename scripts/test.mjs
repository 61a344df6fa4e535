// Runs every check that a test command should, and ends with the line that adds them up: `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const reports = mkdtempSync(join(tmpdir(), 'velox-test-'));
const vitestReport = join(reports, 'vitest.json');
const playwrightReport = join(reports, 'playwright.json');
const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs a command; without a count of its own it counts as one check. */
function stage(name, command, args, { env, count } = {}) {
  console.log(`\n── ${name}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  let counted = { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  if (count) {
    try {
      counted = count();
      if (status !== 0 && counted.failed === 0) counted.failed = 1;
      if (counted.passed === 0) counted.failed ||= 1; // a runner that ran nothing has not passed
    } catch {
      // it left no report: the status has to do
    }
  }
  for (const key of Object.keys(total)) total[key] += counted[key];
  return status === 0;
}

const json = (file) => JSON.parse(readFileSync(file, 'utf8'));
const npm = (script) => ['npm', ['run', '--silent', script]];

const ready = stage('set-up', ...npm('setup')) && stage('build', ...npm('build'));
if (ready) {
  stage('types', ...npm('typecheck')); // the tests' own, too: what a contract refuses is tested by them
  stage(
    'unit',
    'npx',
    ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`],
    {
      count() {
        const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = json(vitestReport);
        return {
          passed: numPassedTests,
          failed: numFailedTests || numFailedTestSuites,
          skipped: numPendingTests,
        };
      },
    },
  );
  stage('size', ...npm('size'));
  stage('packages', ...npm('packages'));
  if (stage('playground', ...npm('build:playground'))) {
    stage('e2e', 'npx', ['playwright', 'test', '--reporter=list,json'], {
      env: { PLAYWRIGHT_JSON_OUTPUT_NAME: playwrightReport },
      count() {
        const { expected, unexpected, flaky, skipped } = json(playwrightReport).stats;
        return { passed: expected, failed: unexpected + flaky, skipped };
      },
    });
  }
}
rmSync(reports, { recursive: true, force: true });
console.log(
  `\n${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = total.failed ? 1 : 0;
