/** One reader that stops while a hundred thousand events leave, and ten that do not, with each policy of overflow. */
import { aside, atMost, count, median, ms, size, times } from '../harness.mjs';
import { CHANGES } from './payload.mjs';
import { withRunners } from './rig.mjs';

const ROUNDS = 5;
const EVENTS = 5_000;
const PER_SECOND = 5_000;
const LIMIT = 1 << 20;

const late = (left, arrived) => {
  const sorted = left.map((at, n) => arrived[n] - at).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)];
};

/** Some events; the 99th percentile of how long they take to a reader that reads. */
async function round(runner) {
  await runner.tell('watch');
  const { left } = await runner.ask('storm', { count: EVENTS, perSecond: PER_SECOND });
  return late(left, await runner.tell('arrivals', { count: EVENTS }));
}

async function rounds(runner) {
  const taken = [];
  for (let n = 0; n < ROUNDS; n++) taken.push(await round(runner));
  return taken;
}

async function policy(overflow) {
  const spec = { who: 'velox event', changes: CHANGES['2 KB'], overflow };
  return withRunners({ velox: spec }, async (runners) => {
    const runner = runners.get('velox');
    await runner.open(11);
    await round(runner);
    const calm = await rounds(runner);
    const [heap, before] = [await runner.ask('memory'), await runner.ask('stats')];
    await runner.tell('stall');
    const stopped = await rounds(runner);
    const [growth, then] = [(await runner.ask('memory')) - heap, await runner.ask('stats')];
    const title = `a reader stops, ${overflow}`;
    const ratio = median(stopped) / median(calm);
    // Each kept event has its text and its WebSocket frame.
    return [
      atMost(`${title}: growth of heap and Buffers`, Math.max(0, growth), 2 * LIMIT + 524_288, size),
      atMost(`${title}: p99 of the others / before`, ratio, 1.25, times, `${ms(median(calm))} before`),
      aside(
        `${title}: events that were reported as dropped`,
        count(then.dropped - before.dropped),
        `${before.sessions - then.sessions} sessions ended`,
      ),
    ];
  });
}

export async function stopped() {
  const rows = [];
  for (const overflow of ['drop-oldest', 'drop-newest', 'close']) rows.push(...(await policy(overflow)));
  return rows;
}
