import { VeloxError } from '@velox/core/protocol';
import type { Log } from '../../cluster/log.js';
import { Deadlines } from '../../diagnostics/deadlines.js';
import type { Observer } from '../../diagnostics/observer.js';

/** How long an engine may take to answer, in ms: a new leader of three NATS servers took 6.5 s. */
const ANSWER_MS = 10_000;

/** A log as the shared states of a hub use it: each answer is waited for, but not for ever. */
export class Engine {
  readonly log: Log;
  readonly observer: Observer;
  /** Whether an acknowledged revision survives everything. */
  readonly isDurable: boolean;
  readonly #deadlines = new Deadlines(ANSWER_MS);
  #isClosed = false;

  constructor(log: Log, isDurable: boolean, observer: Observer) {
    this.log = log;
    this.isDurable = isDurable;
    this.observer = observer;
  }

  /**
   * Asks the log. Settles as its answer does, or rejects after some seconds.
   *
   * @throws VeloxError `timeout`, `closed`.
   */
  ask<R>(question: (log: Log) => Promise<R>, ms?: number): Promise<R> {
    if (this.#isClosed) return Promise.reject(closed());
    return this.#deadlines.limit(question(this.log), late, ms);
  }

  /** Rejects all pending answers, and all later questions. */
  close(): void {
    this.#isClosed = true;
    this.#deadlines.end(closed());
  }
}

/** Options for an error whose cause may be unknown. */
export const because = (cause: unknown): ErrorOptions | undefined =>
  cause === undefined ? undefined : { cause };

const late = (): VeloxError =>
  new VeloxError(
    'timeout',
    'the engine of the backplane does not answer. Check that it runs and can be reached.',
  );

export const closed = (): VeloxError =>
  new VeloxError('closed', 'the hub is closed. Update its shared states before close().');
