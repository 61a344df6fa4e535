// Runs seeds of the simulation: `npm run test:sim -- --seeds 10000 [--first 1] [--transport sse]`. A seed that fails is shrunk and shown;
// `--log` shows all that happened. With `--plant`, known bugs are put into a copy of the build instead, and each has to be found.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const WAYS = ['websocket', 'sse', 'polling'];
/** After so many failing seeds of a transport, the rest says nothing new. */
const ENOUGH = 5;

/** In a thread of its own: tries every `step`-th seed of a transport, and tells of those that fail. */
async function search({ root, way, first, seeds, step, log }) {
  const entry = pathToFileURL(resolve(root, 'server-node/dist/testing/simulation/index.js')).href;
  const { createPlan, run, shrink } = await import(entry);
  let failed = 0;
  for (let seed = first; seed < first + seeds && failed < ENOUGH; seed += step) {
    const plan = createPlan(seed, way);
    const { violation } = await run(plan);
    if (!violation && !log) continue;
    if (violation) failed++;
    const { steps } = violation ? await shrink(plan) : plan;
    const outcome = await run({ ...plan, steps }, true);
    parentPort.postMessage({ seed, violation, settings: plan.settings, steps, log: log && outcome.log });
  }
}

/** Resolves with the seeds of a transport that failed; `onFound` hears of each, and ends the search by returning true. */
export async function simulate({ root = '.', way, first, seeds, log = false }, onFound) {
  const threads = Math.min(availableParallelism(), seeds);
  const found = [];
  await Promise.all(
    Array.from({ length: threads }, (_, at) => {
      const worker = new Worker(new URL(import.meta.url), {
        workerData: { root, way, first: first + at, seeds: seeds - at, step: threads, log },
      });
      worker.on('message', (failure) => {
        if (failure.violation) found.push(failure.seed);
        if (onFound(failure)) void worker.terminate();
      });
      return new Promise((done, fail) => worker.once('exit', done).once('error', fail));
    }),
  );
  return found;
}

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
      transport: { type: 'string' },
      log: { type: 'boolean', default: false },
      plant: { type: 'boolean', default: false },
    },
  });
  const range = { seeds: Number(values.seeds), first: Number(values.first), log: values.log };
  const ways = values.transport ? [values.transport] : WAYS;
  if (values.plant) {
    const { plantAll } = await import('./plants.mjs');
    return plantAll(ways, range);
  }
  for (const way of ways) {
    const start = performance.now();
    const found = await simulate({ ...range, way }, (failure) => show(failure, way));
    const seconds = ((performance.now() - start) / 1_000).toFixed(0);
    console.log(`${way}: ${range.seeds} seeds in ${seconds} s, ${found.length} failed ${found.join(' ')}`);
    if (found.length > 0) process.exitCode = 1;
  }
}

if (!isMainThread && workerData?.way) await search(workerData);
else if (isMainThread && process.argv[1] === import.meta.filename) await main();
