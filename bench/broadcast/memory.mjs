/** Measures the memory of an idle session after broadcasts, with compression on. */
import { aside, atMost } from '../harness.mjs';
import { DEFLATE, GZIP } from './payload.mjs';
import { withRunners } from './rig.mjs';

const SESSIONS = 5_000;
/** They come in groups: many at once have a row of their own, and make V8's young generation grow. */
const GROUP = 250;

const contenders = {
  'velox, WebSocket': { who: 'velox', compressed: true, headers: DEFLATE, reach: 12 },
  'velox, SSE': { who: 'velox sse', compressed: true, headers: GZIP, reach: 16 },
  'raw, WebSocket': { who: 'raw' },
  ws: { who: 'ws', compressed: true, headers: DEFLATE },
  'socket.io': { who: 'socket.io', compressed: true, headers: DEFLATE },
  'better-sse': { who: 'better-sse' },
  'gzip each': { who: 'gzip each', headers: GZIP },
};

const kilobytes = (size) => `${size.toFixed(1)} kB`;

/** Growth of the process for each session; the same code has run for others before. */
async function grown(label, spec) {
  return withRunners({ [label]: { changes: 1, ...spec } }, async (runners) => {
    const runner = runners.get(label);
    await runner.open(200);
    await runner.publish(3, 200);
    await runner.close();
    const before = await runner.ask('rss');
    for (let n = 0; n < SESSIONS; n += GROUP) await runner.open(GROUP);
    await runner.publish(3, SESSIONS);
    const after = await runner.ask('rss');
    const all = (after.all - before.all) / SESSIONS / 1_024;
    return { all, young: (after.young - before.young) / SESSIONS / 1_024 };
  });
}

export async function memory() {
  const rows = [];
  for (const [label, { reach, ...spec }] of Object.entries(contenders)) {
    const what = `RSS of an idle session after broadcasts, compression on: ${label}`;
    const { all, young } = await grown(label, spec);
    const beside = `${kilobytes(young)} of it are V8's young generation, which grows with the traffic`;
    rows.push(reach ? atMost(what, all, reach, kilobytes, beside) : aside(what, kilobytes(all), beside));
  }
  return rows;
}
