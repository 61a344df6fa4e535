// Runs seeds of the simulation: `npm run test:sim -- --seeds 10000 [--first 1] [--transport sse]`. A failing seed is shrunk and shown;
// `--log` shows everything that happened. `--plant` plants known bugs, one at a time (`--only <name>`: one of them), and the
// simulation has to find each. `--of messaging` simulates rooms, casts, calls, channels and presence; `--of leaks` searches for secrets
// that a view lets through; `--of entities` fetches rows that are slow, fail, hang and lag behind; `--of nodes` moves sessions between
// servers, of which one dies, whose engine is away or forgets, and whose messages are late.
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleSimulation } from './bundle-simulation.mjs';
import { plantAll } from './plants.mjs';
import { searchSeeds } from './sim/search-seeds.mjs';

const WAYS = ['websocket', 'sse', 'polling'];
/** The transports of each simulation; leaks and entities use all of them at the same time. */
const TRANSPORTS = { simulation: WAYS, messaging: WAYS, leaks: ['all'], entities: ['all'], nodes: WAYS };

function show({ seed, violation, settings, steps, log }, way) {
  console.log(`\n${way} ${seed}: ${violation ?? 'nothing was wrong'}\n  ${JSON.stringify(settings)}`);
  for (const step of steps) console.log(`  ${JSON.stringify(step)}`);
  if (log) console.log(log.map((line) => `    ${line}`).join('\n'));
}

async function main() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      first: { type: 'string', default: '1' },
      of: { type: 'string', default: 'simulation' },
      transport: { type: 'string' },
      log: { type: 'boolean', default: false },
      plant: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  });
  const range = { seeds: Number(values.seeds), first: Number(values.first), log: values.log };
  const transports = values.transport ? [values.transport] : TRANSPORTS[values.of];
  if (!transports)
    throw new Error(`there is no simulation "${values.of}", only ${Object.keys(TRANSPORTS).join(', ')}.`);
  if (values.plant) return plantAll(values.of, transports, range, values.only);
  const bundle = await bundleSimulation(values.of);
  for (const way of transports) {
    const start = performance.now();
    const found = await searchSeeds({ ...range, bundle, way }, (failure) => show(failure, way));
    const seconds = ((performance.now() - start) / 1_000).toFixed(0);
    console.log(`${way}: ${range.seeds} seeds in ${seconds} s, ${found.length} failed ${found.join(' ')}`);
    if (found.length > 0) process.exitCode = 1;
  }
  rmSync(dirname(bundle), { recursive: true, force: true });
}

await main();
