/** With more failed files than this, the machine is not the reason, and no file runs again. */
const MOST_RETRIED = 20;

/**
 * Runs all test files, and each failed file once more, alone. A file that passes then is flaky; its second counts apply.
 *
 * @param run runs one file, or all: see `runVitest`
 * @returns the sums of the counts, and the paths of flaky and failed files
 */
export function runTwice(run) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const flaky = [];
  const failed = [];
  const files = run();
  const isRetried = files.filter((file) => file.failed > 0).length <= MOST_RETRIED;
  for (const first of files) {
    let counts = first;
    if (first.failed > 0) {
      if (isRetried && !first.isLost) counts = retry(run, first);
      (counts.failed > 0 ? failed : flaky).push(first.file);
    }
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  return { ...total, flaky: [...new Set(flaky)], failedFiles: [...new Set(failed)] };
}

function retry(run, first) {
  console.log(`\n── once more, alone: ${first.file}`);
  const again = run(first);
  const strays = again.filter(({ isLost }) => isLost);
  const counts = again.find(({ file, project }) => file === first.file && project === first.project) ?? first;
  return strays.length > 0 ? { ...counts, failed: counts.failed || 1 } : counts;
}
