import { LONGEST_TIMER_MS, VeloxError } from '@velox/core/protocol';
import { runAs } from '../state/cause.js';
import type { Fetched } from './fetched.js';

/** The client that a fetch is for. */
export interface Who<Context = unknown> {
  /** Aborted when the fetch has ended, or has taken longer than `timeout`, or the hub closes. */
  readonly signal: AbortSignal;
  /** The key of the audience, if the entity has audiences. */
  readonly audience?: string;
  /** The newest context of the identity; with `audience: 'user'` alone. */
  readonly context?: Context;
}

/** One row that is to be fetched. */
export interface Job {
  readonly id: string;
  readonly audience: string | undefined;
  /** Returns the newest context of the identity. */
  readonly context: () => unknown;
  /** The fetch begins now; its result goes to the function that this returns, once. */
  readonly begin: () => (outcome: Outcome) => void;
  /** Whether the row is still to be fetched. */
  readonly isDue: () => boolean;
}

/** The end of a fetch. */
export type Outcome = { readonly result: unknown } | { readonly error: unknown };

export interface FetchesOptions {
  readonly fetch?: (id: string, who: Who) => unknown;
  readonly fetchMany?: (ids: readonly string[], who: Who) => unknown;
  readonly concurrency: number;
  readonly timeout: number;
}

/** The reason of the signal of a fetch that has ended. An error for each fetch would take a third of its time. */
const ENDED = new DOMException('The fetch has ended.', 'AbortError');

const KEYS =
  'fetchMany() resolved with a Map whose keys are neither strings nor numbers. Use row.id or String(row.id) as key.';

/** Runs the application's fetches: those of one tick together, and at most `concurrency` at a time. */
export class Fetches {
  readonly #options: FetchesOptions;
  #queue: Job[] = [];
  #running = 0;
  #isScheduled = false;
  readonly #aborting = new Set<AbortController>();

  constructor(options: FetchesOptions) {
    this.#options = options;
  }

  /** Adds a row to those of this tick. */
  add(job: Job): void {
    this.#queue.push(job);
    this.#schedule();
  }

  /** Aborts all fetches, and begins none that is queued. */
  close(): void {
    this.#queue = [];
    for (const aborting of this.#aborting) aborting.abort();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#running >= this.#options.concurrency) return;
    this.#isScheduled = true;
    const start = (): void => {
      this.#isScheduled = false;
      this.#start();
    };
    runAs([], () => setImmediate(start)); // the rows know the causes, see `Notifiers`
  }

  #start(): void {
    while (this.#queue.length > 0 && this.#running < this.#options.concurrency) {
      const jobs = this.#options.fetchMany ? this.#takeTogether() : this.#takeOne();
      if (jobs.length > 0) void this.#run(jobs);
    }
  }

  #takeOne(): readonly Job[] {
    const at = this.#queue.findIndex((job) => job.isDue());
    const taken = at < 0 ? [] : [this.#queue[at] as Job];
    this.#queue.splice(0, at < 0 ? this.#queue.length : at + 1);
    return taken;
  }

  /** Takes the rows that one call can read: those of one audience, and for a user of one context. */
  #takeTogether(): readonly Job[] {
    const due = this.#queue.filter((job) => job.isDue());
    const [first] = due;
    const context = first?.context();
    const isTogether = (job: Job): boolean => job.audience === first?.audience && job.context() === context;
    this.#queue = due.filter((job) => !isTogether(job));
    return due.filter(isTogether);
  }

  async #run(jobs: readonly Job[]): Promise<void> {
    this.#running++;
    const ends = jobs.map((job) => job.begin());
    const aborting = new AbortController();
    this.#aborting.add(aborting);
    let giveUp = (): void => undefined;
    const timedOut = new Promise<never>((_, reject) => {
      giveUp = () =>
        reject(new VeloxError('timeout', `a fetch took longer than ${this.#options.timeout} ms.`));
    });
    const timer = setTimeout(giveUp, Math.min(this.#options.timeout, LONGEST_TIMER_MS));
    aborting.signal.addEventListener('abort', giveUp);
    let outcomes: readonly Outcome[];
    try {
      outcomes = await Promise.race([this.#call(jobs, aborting.signal), timedOut]);
    } catch (error) {
      outcomes = jobs.map(() => ({ error }));
    }
    clearTimeout(timer);
    aborting.signal.removeEventListener('abort', giveUp); // it would create an error that is not needed
    this.#aborting.delete(aborting);
    aborting.abort(ENDED);
    this.#running--;
    ends.forEach((end, at) => end(outcomes[at] as Outcome));
    if (this.#queue.length > 0) this.#schedule();
  }

  /** Async, so that an application that throws synchronously rejects like any other. */
  async #call(jobs: readonly Job[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const { fetch, fetchMany } = this.#options;
    const [first] = jobs as [Job];
    const { audience } = first;
    const context = first.context();
    const who: Who = {
      signal,
      ...(audience !== undefined && { audience }),
      ...(context !== undefined && { context }),
    };
    if (!fetchMany) return [{ result: await fetch?.(first.id, who) }];
    const rows: unknown = await fetchMany(
      jobs.map(({ id }) => id),
      who,
    );
    if (!(rows instanceof Map)) {
      throw new VeloxError('bad-option', 'fetchMany() must resolve with a Map from ids to rows.');
    }
    const byText = withTextKeys(rows as Map<unknown, Fetched<unknown>>);
    return jobs.map(({ id }) => ({ result: byText.get(id) }));
  }
}

/** Returns a map by ids as text: the map itself, unless the application keyed rows by numbers. */
function withTextKeys<T>(rows: ReadonlyMap<unknown, T>): ReadonlyMap<unknown, T> {
  let hasNumbers = false;
  for (const id of rows.keys()) {
    if (typeof id === 'number') hasNumbers = true;
    else if (typeof id !== 'string') throw new VeloxError('bad-option', KEYS);
  }
  return hasNumbers ? new Map([...rows].map(([id, row]) => [String(id), row])) : rows;
}
