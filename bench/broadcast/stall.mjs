/** One reader that stalls through a hundred thousand updates, and ten that do not. */
import { aside, atMost, count, median, ms, size, times } from '../harness.mjs';
import { CHANGES } from './payload.mjs';
import { withRunners } from './rig.mjs';

const ROUNDS = 10;
const UPDATES = 10_000;
const PER_SECOND = 5_000;
const DOCUMENT = 100_000;
const SPEC = { who: 'velox', changes: CHANGES['2 KB'], document: DOCUMENT };

const late = (left, arrived) => {
  const sorted = left.map((at, n) => arrived[n] - at).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)];
};

/** Some updates; the 99th percentile of how long they take to a reader that reads. */
async function round(runner) {
  await runner.tell('watch');
  const { left, waiting } = await runner.ask('storm', { count: UPDATES, perSecond: PER_SECOND });
  return { p99: late(left, await runner.tell('arrivals', { count: UPDATES })), waiting };
}

export async function stall() {
  return withRunners({ velox: SPEC }, async (runners) => {
    const runner = runners.get('velox');
    await runner.open(11);
    await round(runner);
    const calm = [];
    for (let n = 0; n < ROUNDS; n++) calm.push((await round(runner)).p99);
    const [heap, before] = [await runner.ask('memory'), await runner.ask('stats')];
    await runner.tell('stall');
    const stalled = [];
    for (let n = 0; n < ROUNDS; n++) stalled.push(await round(runner)); // within the 30 s after which its link would end
    const [growth, then] = [(await runner.ask('memory')) - heap, await runner.ask('stats')];
    await runner.tell('resume');
    let after = then;
    for (let n = 0; n < 1_000 && after.caughtUp === then.caughtUp; n++) after = await runner.ask('stats');
    const isThere = then.sessions === before.sessions; // on a slow machine its link has ended
    const frames = isThere ? after.caughtUp - then.caughtUp : Infinity;
    const title = 'a reader stalls through 100,000 updates of 2 KB';
    const waiting = Math.max(...stalled.map((each) => each.waiting));
    const ratio = median(stalled.map(({ p99 }) => p99)) / median(calm);
    const skipped = `${count(then.skipped - before.skipped)} skipped`;
    return [
      atMost(`${title}: what waits for it`, waiting, DOCUMENT + 65_536, size, skipped),
      aside(`${title}: growth of heap and Buffers`, size(Math.max(0, growth))),
      atMost(`${title}: p99 of the others / before`, ratio, 1.25, times, `${ms(median(calm))} before`),
      atMost(`${title}: frames when it drains`, frames, 2, count),
    ];
  });
}
