// `npm run soak [-- --runs 5 --load 4]`: runs all tests several times while other processes keep the machine busy, and reports the
// test files that failed in any run. Run `npm run build` and `npm run build:playground` before.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { runPlaywright } from './suite/playwright.mjs';
import { runTwice } from './suite/run-twice.mjs';
import { runVitest } from './suite/vitest.mjs';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, load: { type: 'string', default: '4' } },
});
/** Ends with this process, however that ends: no signal is handled while tests run. */
const BUSY = `while (process.ppid === ${process.pid});`;
for (let at = 0; at < Number(values.load); at++)
  spawn(process.execPath, ['-e', BUSY], { stdio: 'ignore' }).unref();

/** In how many runs each file failed. */
const unsteady = new Map();
let failed = 0;
for (let at = 1; at <= Number(values.runs); at++) {
  console.log(`\n── run ${at} of ${values.runs}`);
  for (const run of [runVitest, runPlaywright]) {
    const result = runTwice(run);
    failed += result.failed;
    for (const file of [...result.flaky, ...result.failedFiles]) {
      unsteady.set(file, (unsteady.get(file) ?? 0) + 1);
    }
  }
}
for (const [file, count] of unsteady)
  console.log(`flaky: ${file} (failed in ${count} of ${values.runs} runs)`);
console.log(`\n${unsteady.size} flaky files; ${failed} tests failed twice`);
process.exitCode = unsteady.size > 0 ? 1 : 0;
