// `npm run fuzz [-- --entrance websocket --runs n --seed s]`: attacks the entrances of a hub, one after another, with random inputs.
// A finding is shown with its input and the options that repeat it. `--plant` plants known bugs, one at a time (`--only <name>`: one of
// them), and the fuzzer has to find each.
import { rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const ENTRY = 'server-node/test/fuzz/index.ts';
/** Connections and sessions live for a batch. In a larger space for new objects most of them are never copied. */
const MEMORY = { maxYoungGenerationSizeMb: 192 };

/** In a thread of its own: attacks one entrance. */
async function attack({ bundle, ...options }) {
  const { fuzz } = await import(pathToFileURL(bundle).href);
  parentPort.postMessage((await fuzz(options)) ?? null);
}

/** Resolves with the findings of an entrance's attack. */
function find(options) {
  const worker = new Worker(new URL(import.meta.url), { workerData: options, resourceLimits: MEMORY });
  return new Promise((done, fail) => {
    worker.once('message', (finding) => {
      done(finding ?? undefined);
      void worker.terminate();
    });
    worker.once('error', fail);
  });
}

/** Runs tasks, as many at a time as there are processors. */
async function inParallel(tasks) {
  const waiting = [...tasks];
  const work = async () => {
    for (let task; (task = waiting.shift());) await task();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

function show({ entrance, seed, fault, input, repeat }) {
  const options = `--entrance ${entrance} --seed ${seed} --first ${repeat.first} --runs ${repeat.runs}`;
  console.log(`\n${options}\n  ${fault}`);
  for (const text of input) console.log(`  ${JSON.stringify(text)}`);
}

async function fuzzAll(bundle, entrances, range) {
  await inParallel(
    entrances.map((entrance) => async () => {
      const start = performance.now();
      const finding = await find({ bundle, entrance, ...range });
      const seconds = ((performance.now() - start) / 1_000).toFixed(0);
      if (finding) show(finding);
      console.log(`${finding ? 'FAILED' : 'ok    '}  ${entrance}: ${range.runs} runs, ${seconds} s`);
      if (finding) process.exitCode = 1;
    }),
  );
}

async function plantAll(entrances, range, only) {
  const { bundleTest } = await import('./bundle-simulation.mjs');
  const { plantPlugin, plants } = await import('./plants.mjs');
  for (const plant of plants(resolve('server-node/test/fuzz/plants')).filter(
    ({ name }) => !only || name === only,
  )) {
    const bundle = await bundleTest(ENTRY, [plantPlugin(plant)]);
    let found;
    // Most bugs are found within few runs on the right entrance, so all entrances are tried briefly first.
    for (const runs of [Math.ceil(range.runs / 100), range.runs]) {
      for (const entrance of entrances) found ??= await find({ bundle, entrance, ...range, runs });
    }
    const how = found
      ? `${found.entrance}, run ${found.run}: ${found.fault.split('\n')[0].slice(0, 120)}`
      : 'by no entrance';
    console.log(`${found ? 'found ' : 'MISSED'}  ${plant.name} (${how})`);
    if (!found) process.exitCode = 1;
    rmSync(dirname(bundle), { recursive: true, force: true });
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      entrance: { type: 'string' },
      runs: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: '0' },
      plant: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  });
  const range = { runs: Number(values.runs), seed: Number(values.seed), first: Number(values.first) };
  const { bundleTest } = await import('./bundle-simulation.mjs');
  const bundle = await bundleTest(ENTRY);
  const { ENTRANCES } = await import(pathToFileURL(bundle).href);
  const entrances = values.entrance ? [values.entrance] : Object.keys(ENTRANCES);
  if (values.plant) await plantAll(entrances, range, values.only);
  else await fuzzAll(bundle, entrances, range);
  rmSync(dirname(bundle), { recursive: true, force: true });
}

if (isMainThread) await main();
else await attack(workerData);
