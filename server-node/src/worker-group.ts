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
  #hasWarned = false;

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
    const ended = (end: string, isWanted = false): void => {
      if (this.#onEnded) return this.#checkEnded();
      const wait = isWanted ? undefined : restarts.next(performance.now() - started);
      if (wait !== undefined) return this.#startIn(wait, restarts);
      this.#count--;
      if (!isWanted) this.#giveUp(end);
    };
    const failed = (error: unknown): void => {
      this.#warnOfFailure(error);
      ended(String(error));
    };
    let worker: Worker;
    try {
      worker = this.#fork();
    } catch (error) {
      return failed(error);
    }
    this.#living.add(worker);
    worker.on('exit', (code: number | null, signal: string | null) => {
      if (this.#living.delete(worker)) ended(signal ?? `exit code ${code}`, worker.exitedAfterDisconnect);
    });
    worker.on('error', (error: Error) => {
      // A worker with a pid has started: only a message to it failed.
      if (worker.process.pid === undefined && this.#living.delete(worker)) failed(error);
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

  #warnOfFailure(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const advice = `a worker could not be started (${String(error)}), and is tried again. Check the limits of processes, files and memory.`;
    process.emitWarning(`velox: ${advice}`, { type: 'VeloxWarning' });
  }

  #giveUp(end: string): void {
    const advice = `a worker ended at its start again and again (${end}), and is not replaced any more. Mend the error that it has shown, and start the program again.`;
    process.emitWarning(`velox: ${advice}`, { type: 'VeloxWarning' });
    if (this.#count === 0) process.exitCode ??= 1;
  }
}
