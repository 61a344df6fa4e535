/** A thousand clients that come at once for a large value. */
import { aside, atMost, times } from '../harness.mjs';
import { DEFLATE, GZIP } from './payload.mjs';
import { rounds, withRunners } from './rig.mjs';

const SESSIONS = 1_000;
const ROUNDS = 7;
const SPEC = { changes: 1, document: 100_000 };

const contenders = {
  raw: { who: 'raw' },
  velox: { who: 'velox' },
  'velox, deflate': { who: 'velox', compressed: true, headers: DEFLATE },
  'socket.io': { who: 'socket.io' },
  'ws, deflate': { who: 'ws', compressed: true, headers: DEFLATE },
  'raw sse': { who: 'raw sse' },
  'node:http sse': { who: 'node:http sse' },
  'velox sse': { who: 'velox sse' },
  'velox sse, gzip': { who: 'velox sse', compressed: true, headers: GZIP },
  'better-sse': { who: 'better-sse' },
};

/** All come, and go; the version is a new one each time. Gives CPU for each client. */
export async function storm(runner) {
  await runner.ask('publish', { count: 1, clean: false }); // a collection would have code forgotten, too
  const before = await runner.ask('cpu');
  await runner.open(SESSIONS);
  const time = ((await runner.ask('cpu')) - before) / SESSIONS;
  const bytes = await runner.look();
  await runner.close();
  return { time, bytes };
}

export async function joins() {
  const specs = Object.fromEntries(
    Object.entries(contenders).map(([label, each]) => [label, { ...SPEC, ...each }]),
  );
  return withRunners(specs, async (runners) => {
    for (let n = 0; n < 3; n++) for (const runner of runners.values()) await storm(runner);
    const result = await rounds(runners, ROUNDS, storm);
    const note = (label) =>
      `${label} ${result.median(label).toFixed(0)} us, ${Math.round(result.median(label, 'bytes') / 1_000)} kB`;
    const row = (what, label, reference, reach) => {
      const ratio = result.ratio(label, reference);
      const title = `1,000 clients join for 100 kB: ${what}`;
      const beside = `${note(label)}; ${note(reference)}`;
      return reach ? atMost(title, ratio, reach, times, beside) : aside(title, times(ratio), beside);
    };
    return [
      row('WebSocket / raw', 'velox', 'raw', 2),
      row('SSE / node:http', 'velox sse', 'node:http sse', 1.25),
      row('WebSocket, deflate / uncompressed', 'velox, deflate', 'velox', 1),
      row('SSE, gzip / uncompressed', 'velox sse, gzip', 'velox sse', 1),
      row('socket.io / raw', 'socket.io', 'raw'),
      row('ws, deflate / raw', 'ws, deflate', 'raw'),
      row('better-sse / node:http', 'better-sse', 'node:http sse'),
      row('node:http / raw', 'node:http sse', 'raw sse'),
    ];
  });
}
