// A worker: `self` and `location`, no document. A relative URL is one of the worker's script.
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { serve, until } from './serve.mjs';

if (isMainThread) {
  const { url } = await serve();
  const worker = new Worker(new URL(import.meta.url), { workerData: { url } });
  worker.on('exit', (code) => process.exit(code));
} else {
  Object.assign(globalThis, {
    WorkerGlobalScope: class {},
    self: globalThis,
    location: new URL('/worker.js', workerData.url),
  });
  const { shared } = await import('@velox/core');
  const replica = shared('/sync').replica();
  replica.subscribe(() => {});
  await until(() => replica.get()?.title === 'One', 'the first value');
  console.log(`worker: ${replica.status.get().transport}`);
  process.exit(0);
}
