// Runs every check, and ends with the line that sums them up: `N passed, N failed`. Test files that fail run once more, alone.
import { spawnSync } from 'node:child_process';
import { runPlaywright } from './suite/playwright.mjs';
import { runTwice } from './suite/run-twice.mjs';
import { runVitest } from './suite/vitest.mjs';

const total = { passed: 0, failed: 0, skipped: 0 };
const flaky = [];
const failed = [];

function add(counts) {
  for (const key of Object.keys(total)) total[key] += counts[key];
}

/** Runs an npm script, and adds it to the sum as one check. */
function check(name, script, ...options) {
  console.log(`\n── ${name}`);
  const { status } = spawnSync('npm', ['run', '--silent', script, '--', ...options], { stdio: 'inherit' });
  add({ passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 });
  return status === 0;
}

/** Runs a test runner, and adds its counts to the sum. */
function tests(name, run) {
  console.log(`\n── ${name}`);
  const result = runTwice(run);
  add(result);
  flaky.push(...result.flaky);
  failed.push(...result.failedFiles);
}

if (check('set-up', 'setup') && check('build', 'build')) {
  check('types', 'typecheck'); // the tests' own, too: they test the errors of contracts
  tests('unit', runVitest);
  check('size', 'size');
  check('packages', 'packages');
  check('runtimes', 'runtimes', '--short');
  check('consumers', 'consumers', '--short');
  if (check('playground', 'build:playground')) tests('e2e', runPlaywright);
}
for (const file of failed) console.log(`failed: ${file}`);
for (const file of flaky) console.log(`flaky: ${file}`);
const skipped = total.skipped ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed ? 1 : 0;
