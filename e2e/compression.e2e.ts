/** A browser decompresses every message to the sent bytes: permessage-deflate has no checksum, so no other test would notice. */
import { expect, test } from '@playwright/test';
import fc from 'fast-check';
import { CASES, schedule } from '../server-node/test/rig/schedules.js';
import { PageCrowd } from './compression/crowd.js';

/** Beside the cases that are always tried; one takes about a second. */
const numRuns = CASES.length + Math.ceil(Number(process.env.VELOX_RUNS ?? 500) / 100);

const now = performance.now.bind(performance);
let ahead = 0;
test.beforeEach(() => void (performance.now = () => now() + ahead));
test.afterEach(() => void (performance.now = now));

test('links that connect, close, stall and follow more topics receive every sent value', async ({ page }) => {
  test.setTimeout(60_000 + numRuns * 5_000);
  const sum = { skipped: 0, caughtUp: 0 };
  const wait = (ms: number): void => void (ahead += ms);
  await fc.assert(
    fc.asyncProperty(schedule, async (steps) => {
      await using crowd = await PageCrowd.open(page);
      for (const step of steps) await crowd.perform(step, wait);
      crowd.resumeAll();
      await crowd.settle();
      // A second later, those with one topic share a window again.
      wait(1_000);
      for (let i = 0; i < 3; i++) {
        await crowd.topics.change('a', 'long');
        await crowd.settle();
      }
      const { skipped, caughtUp } = crowd.hub.stats();
      sum.skipped += skipped;
      sum.caughtUp += caughtUp;
    }),
    {
      numRuns,
      examples: CASES.map((steps) => [[...steps]]),
      endOnFailure: true,
      timeout: 30_000, // for one run, so that a hang names its seed
    },
  );
  expect(sum.skipped).toBeGreaterThan(sum.caughtUp);
  expect(sum.caughtUp).toBeGreaterThanOrEqual(CASES.length - 1);
  test.info().annotations.push({ type: 'stalls', description: JSON.stringify({ numRuns, ...sum }) });
});
