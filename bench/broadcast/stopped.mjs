/** One reader that stops while a hundred thousand events leave, and ten that do not, with each policy of overflow. */
import { aside, atMost, count, median, ms, size, times } from '../harness.mjs';
import { CHANGES } from './payload.mjs';
import { withRunners } from './rig.mjs';

const ROUNDS = 10;
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

async function policy(overflow) {
  const spec = { who: 'velox event', changes: CHANGES['2 KB'], overflow };
  return withRunners({ calm: spec, stopped: spec }, async (runners) => {
    const stopped = runners.get('stopped');
    for (const runner of runners.values()) {
      await runner.open(11);
      await round(runner);
      await runner.ask('memory'); // a collection slows what follows, so both have one
    }
    const [heap, before] = [await stopped.ask('memory'), await stopped.ask('stats')];
    await stopped.tell('stall');
    const taken = { calm: [], stopped: [] };
    for (let n = 0; n <= ROUNDS; n++) {
      // In turn, because the second one of a pair is slower.
      const pair = n % 2 === 0 ? [...runners] : [...runners].toReversed();
      for (const [label, runner] of pair) {
        const time = await round(runner);
        if (n > 0) taken[label].push(time); // the first one fills all buffers on the way
      }
    }
    const [growth, then] = [(await stopped.ask('memory')) - heap, await stopped.ask('stats')];
    const title = `a reader stops, ${overflow}`;
    const calm = median(taken.calm);
    // Each kept event has its text and its WebSocket frame.
    return [
      atMost(`${title}: growth of heap and Buffers`, Math.max(0, growth), 2 * LIMIT + 524_288, size),
      atMost(
        `${title}: p99 of the others / without it`,
        median(taken.stopped) / calm,
        1.25,
        times,
        `${ms(calm)} without it`,
      ),
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
