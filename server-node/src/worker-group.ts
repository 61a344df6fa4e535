import type { Worker } from 'node:cluster';
import { Restarts } from './restarts.js';

/** The workers of a primary process. One that ends is started again, until all are stopped. */
export class WorkerGroup {
  readonly #fork: () => Worker;
  readonly #living = new Set<Worker>();
  /** The timers of workers that will be started again. */
  readonly #waiting = new Set<NodeJS.Timeout>();
  /** How many workers live, or will be started again. */
  #count = 0;
  #onEnded: (() => void) | undefined;

  constructor(fork: () => Worker) {
    this.#fork = fork;
  }

  start(count: number): void {
    this.#count = count;
    for (let n = 0; n < count; n++) this.#start(new Restarts());
  }

  /** Stops the workers by a function, and starts none any more. Resolves when all have ended. */
  stop(stopOne: (worker: Worker) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#onEnded = resolve;
      for (const timer of this.#waiting) clearTimeout(timer);
      for (const worker of this.#living) stopOne(worker);
      this.#checkEnded();
    });
  }

  /** Ends the workers immediately. */
  kill(): void {
    for (const worker of this.#living) worker.process.kill('SIGKILL');
  }

  #start(restarts: Restarts): void {
    const started = performance.now();
    const worker = this.#fork();
    this.#living.add(worker);
    worker.on('exit', (code: number | null, signal: string | null) => {
      this.#living.delete(worker);
      if (this.#onEnded) return this.#checkEnded();
      const wait = worker.exitedAfterDisconnect ? undefined : restarts.next(performance.now() - started);
      if (wait !== undefined) return this.#startIn(wait, restarts);
      this.#count--;
      if (!worker.exitedAfterDisconnect) this.#giveUp(signal ?? `exit code ${code}`);
    });
  }

  #startIn(ms: number, restarts: Restarts): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      this.#start(restarts);
    }, ms);
    this.#waiting.add(timer);
  }

  #checkEnded(): void {
    if (this.#living.size === 0) this.#onEnded?.();
  }

  #giveUp(end: string): void {
    const advice = `a worker ended at its start again and again (${end}), and is not replaced any more. Mend the error that it has shown, and start the program again.`;
    process.emitWarning(`velox: ${advice}`, { type: 'VeloxWarning' });
    if (this.#count === 0) process.exitCode ??= 1;
  }
}
