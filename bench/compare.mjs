/**
 * `node bench/compare.mjs <folder> [row…]`: races this build against the build of another checkout, interleaved in one run. Both need
 * `npm run build`. The ratios are this build / the other one.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CHANGES, DEFLATE, GZIP } from './broadcast/payload.mjs';
import { rounds, withRunners } from './broadcast/rig.mjs';
import { storm } from './broadcast/joins.mjs';

const SESSIONS = 1_000;
const ROUNDS = 15;
/** Updates in a turn. */
const UPDATES = 25;

const JOIN = { changes: 1, document: 100_000 };
const join = (spec) => ({ spec: { ...JOIN, ...spec }, warmUp: 3, turn: storm });

const publish = (runner) => runner.publish(UPDATES, SESSIONS);
const fanOut = (spec) => ({
  spec,
  async open(runner) {
    await runner.open(SESSIONS);
    await runner.publish(10, SESSIONS);
  },
  warmUp: 1,
  turn: publish,
});

const ROWS = {
  'join websocket': join({ who: 'velox' }),
  'join deflate': join({ who: 'velox', compressed: true, headers: DEFLATE }),
  'join sse': join({ who: 'velox sse' }),
  'join gzip': join({ who: 'velox sse', compressed: true, headers: GZIP }),
  'fan-out 100 B': fanOut({ who: 'velox', changes: CHANGES['100 B'] }),
  'fan-out 2 KB': fanOut({ who: 'velox', changes: CHANGES['2 KB'] }),
  'fan-out sse 2 KB': fanOut({ who: 'velox sse', changes: CHANGES['2 KB'] }),
};

const [folder, ...names] = process.argv.slice(2);
if (!folder || names.some((name) => !(name in ROWS))) {
  process.stderr.write(
    `usage: node bench/compare.mjs <folder> [row…]\nrows: ${Object.keys(ROWS).join(', ')}\n`,
  );
  process.exit(1);
}
const other = pathToFileURL(resolve(folder, 'bench/broadcast/server.mjs'));

for (const name of names.length ? names : Object.keys(ROWS)) {
  const { spec, open, warmUp, turn } = ROWS[name];
  await withRunners({ new: spec, old: { ...spec, server: other } }, async (runners) => {
    if (open) for (const runner of runners.values()) await open(runner);
    await rounds(runners, warmUp, turn);
    const result = await rounds(runners, ROUNDS, turn);
    const us = (label) => `${label} ${result.median(label).toPrecision(4)} us`;
    process.stdout.write(
      `${name.padEnd(20)} x${result.ratio('new', 'old').toFixed(3)}  ${us('new')}; ${us('old')}\n`,
    );
  });
}
