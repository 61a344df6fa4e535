import type { Position } from '@velox/core/protocol';
import type { StateOptions } from '../state/state.js';
import type { Opened } from '../topics/source.js';
import { readFetched, type FetchedRow } from './fetched.js';
import type { Job, Outcome } from './fetches.js';
import { begin, fail, IDLE, need, put, retry, succeed, type Phase } from './row.js';
import { RowValue } from './row-value.js';

/** The functions of an entity that a row needs. */
export interface RowHost {
  /** The options of the row's state. */
  readonly stateOptions: Pick<StateOptions, 'key'>;
  readonly compare: (a: string | number, b: string | number) => number;
  /** Queues a fetch. */
  readonly fetch: (job: Job) => void;
  /** The code for an error, which is reported unless it is a time-out. */
  readonly codeOf: (error: unknown) => string;
  /** Rows that were read along. */
  readonly onRelated: (related: ReadonlyMap<string, unknown>) => void;
  /** The row is denied from now on or no longer, or it was put while clients waited for it: they ask anew. */
  readonly onRight: () => void;
  /** Whether a client wants the row. */
  readonly isWatched: () => boolean;
}

/** The last answer of a row: nothing yet, a value, or a denial. */
type Answer = RowValue | 'denied' | undefined;

/** One row for one audience: its value, its fetches and the clients that wait for them. */
export class EntityRow {
  readonly id: string;
  readonly audience: string | undefined;
  /** The newest context of the identity whose row it is. */
  context: unknown;
  /** When the row was fetched or put last, in ms of `performance.now`. */
  freshAt: number = -Infinity;
  readonly #host: RowHost;
  #phase: Phase = IDLE;
  #answer: Answer;
  /** The code of the last failure, until a fetch succeeds. */
  #stale: string | undefined;
  #version: string | number | undefined;
  /** Counts the fetches that began; a put counts as one. */
  #begun = 0;
  #waiting: { readonly after: number; readonly resolve: () => void }[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Whether the application gives the row at this moment: it is as new as a fetch. */
  #isPutting = false;
  #isEnded = false;

  constructor(host: RowHost, id: string, audience: string | undefined, context: unknown) {
    this.#host = host;
    this.id = id;
    this.audience = audience;
    this.context = context;
  }

  /** The value that clients share, if the row has one. */
  get value(): RowValue | undefined {
    return this.#answer instanceof RowValue ? this.#answer : undefined;
  }

  get isFetching(): boolean {
    return this.#phase.is === 'fetching' || this.#phase.is === 'queued';
  }

  get hasFailed(): boolean {
    return this.#stale !== undefined;
  }

  /**
   * Returns the row for a client: the present value, or the result of a fetch that begins after this moment if the client knows another
   * epoch, if the context is new, or if there is no value.
   */
  open(known: Position | undefined, isNewContext: boolean): Opened | Promise<Opened> {
    this.#move(retry(this.#phase, performance.now())); // it may have failed for the last time while no client watched
    // The position of a value that is denied now belongs to no epoch any more.
    const isForeign =
      known !== undefined && this.value !== undefined && known.id !== this.value.position().id;
    if (this.#answer !== undefined && (!isForeign || this.#isPutting) && !isNewContext) return this.#opened();
    return new Promise((resolve) => {
      this.#waiting.push({ after: this.#begun, resolve: () => resolve(this.#opened()) });
      this.need();
    });
  }

  /** The row has changed, or is too old: a fetch follows. */
  need(): void {
    this.#move(need(this.#phase));
  }

  /** The application gives the row itself. An older version is ignored. */
  put(row: FetchedRow<unknown>): void {
    if (this.#isOlder(row)) return;
    this.#begun++;
    const phase = put(this.#phase);
    this.#isPutting = true;
    try {
      this.#accept(row);
      this.#move(phase);
      // Promises would answer after the events of this tick.
      if (this.#waiting.length > 0) this.#host.onRight();
    } finally {
      this.#isPutting = false;
    }
    this.#settle(this.#begun);
  }

  /** The row is forgotten: results that are still to come are ignored. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#begun = Infinity;
    this.#settle(Infinity);
  }

  #opened(): Opened {
    if (this.#answer === 'denied') return { denied: 'forbidden' };
    return this.#answer ?? { stale: this.#stale ?? 'unavailable' };
  }

  #move(phase: Phase): void {
    const before = this.#phase;
    this.#phase = phase;
    if (phase === before) return;
    clearTimeout(this.#timer);
    if (phase.is === 'failed') {
      const wait = phase.retryAt - performance.now();
      this.#timer = setTimeout(() => {
        if (this.#host.isWatched()) this.#move(retry(this.#phase, performance.now()));
      }, wait + 1).unref();
    } else if (phase.is === 'queued' && before.is !== 'queued') this.#host.fetch(this.#job());
  }

  #job(): Job {
    const { id, audience, context } = this;
    return {
      id,
      audience,
      context,
      isDue: () => !this.#isEnded && this.#phase.is === 'queued',
      begin: () => {
        const number = ++this.#begun;
        this.#move(begin(this.#phase));
        return (outcome) => {
          if (!this.#isEnded) this.#finish(outcome, number);
        };
      },
    };
  }

  #finish(outcome: Outcome, number: number): void {
    try {
      if ('error' in outcome) throw outcome.error;
      const row = readFetched(outcome.result);
      const isOvertaken = this.#phase.is === 'fetching' && this.#phase.isOvertaken;
      if (row === 'denied') this.#deny();
      else if (!this.#isOlder(row) && (!isOvertaken || this.#isNewer(row))) this.#accept(row);
      else this.#host.onRelated(row.related);
      this.#move(succeed(this.#phase));
    } catch (error) {
      const code = this.#host.codeOf(error);
      const isOvertaken = this.#phase.is === 'fetching' && this.#phase.isOvertaken;
      if (!isOvertaken) {
        this.#stale = code;
        this.value?.doubt(code);
      }
      this.#move(fail(this.#phase, performance.now(), Math.random()));
    }
    this.#settle(number);
  }

  /** @throws VeloxError `not-json`, `too-deep`. */
  #accept({ value, version, related }: FetchedRow<unknown>): void {
    const before = this.#answer;
    if (before instanceof RowValue) before.set(value);
    else this.#answer = new RowValue(value, this.#host.stateOptions, this.audience !== undefined);
    if (this.value) this.value.related = [...related.keys()];
    this.#version = version;
    this.#stale = undefined;
    this.freshAt = performance.now();
    this.#host.onRelated(related);
    if (before === 'denied') this.#host.onRight();
  }

  #deny(): void {
    const isNew = this.#answer instanceof RowValue;
    this.#answer = 'denied';
    this.#version = this.#stale = undefined;
    this.freshAt = performance.now();
    if (isNew) this.#host.onRight();
  }

  #isOlder({ version }: FetchedRow<unknown>): boolean {
    return this.#compare(version) < 0;
  }

  #isNewer({ version }: FetchedRow<unknown>): boolean {
    return this.#compare(version) > 0;
  }

  #compare(version: string | number | undefined): number {
    if (version === undefined || this.#version === undefined) return 0;
    return this.#host.compare(version, this.#version);
  }

  /** Answers the clients that waited for a fetch up to `number`. */
  #settle(number: number): void {
    const due = this.#waiting.filter(({ after }) => after < number);
    this.#waiting = this.#waiting.filter(({ after }) => after >= number);
    for (const { resolve } of due) resolve();
  }
}
