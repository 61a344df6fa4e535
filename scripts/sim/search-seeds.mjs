// Searches seeds of a simulation for failures, in threads.
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** After so many failing seeds of a transport, the rest says nothing new. */
const ENOUGH = 5;

/** In a thread of its own: tries every `step`-th seed of a transport, and posts those that fail. */
async function search({ bundle, way, first, seeds, step, log }) {
  const { createPlan, run, shrink } = await import(pathToFileURL(bundle).href);
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
export async function searchSeeds({ bundle, way, first, seeds, log = false }, onFound) {
  const threads = Math.min(availableParallelism(), seeds);
  const found = [];
  await Promise.all(
    Array.from({ length: threads }, (_, at) => {
      const worker = new Worker(new URL(import.meta.url), {
        workerData: { bundle, way, first: first + at, seeds: seeds - at, step: threads, log },
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

if (!isMainThread) await search(workerData);
