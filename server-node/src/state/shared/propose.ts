import type { Job } from './job.js';
import type { SharedValue } from './shared-value.js';

/**
 * Runs changes on top of each other, without moving the value. A change that throws is undone alone, and fails.
 *
 * @returns the patch of all, as JSON text; undefined if they change nothing
 */
export function propose<T>(value: SharedValue<T>, jobs: readonly Job<T>[]): string | undefined {
  return value.propose((recorder) => {
    for (const job of jobs) {
      if (job.isSettled) continue;
      try {
        recorder.update(() => job.run(recorder));
      } catch (error) {
        job.fail(error);
      }
    }
  });
}

/** Whether changes make the same patch when they run again. */
export function isRepeatable<T>(
  value: SharedValue<T>,
  jobs: readonly Job<T>[],
  patch: string | undefined,
): boolean {
  let isSound = true;
  const again = value.propose((recorder) => {
    for (const job of jobs) {
      if (job.isSettled) continue;
      try {
        recorder.update(() => job.run(recorder));
      } catch {
        isSound = false; // its first run did not throw
      }
    }
  });
  return isSound && (again === patch || sorted(again) === sorted(patch));
}

/** Sorts the operations, because undoing a removal may change the order of keys and thus the order of operations. */
function sorted(patch: string | undefined): string {
  if (patch === undefined) return '';
  const operations = JSON.parse(patch) as unknown[];
  return operations.map(canonical).sort().join();
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
