import type { Position } from '@velox/core/protocol';
import type { Opened } from '../topics/source.js';
import { Askers } from './askers.js';
import { checkLag } from './compare-versions.js';
import { readFetched, type FetchedRow } from './fetched.js';
import type { Job, Outcome } from './fetches.js';
import type { RowHost } from './row-host.js';
import { begin, fail, flagsOf, IDLE, need, put, retry, succeed, type Phase } from './row-phase.js';
import { RowValue } from './row-value.js';

/** One row for one audience: its value, its fetches and the clients that wait for them. */
export class EntityRow {
  readonly id: string;
  readonly audience: string | undefined;
  /** When the row was fetched or put last, in ms of `performance.now`. */
  freshAt: number = -Infinity;
  readonly #host: RowHost;
  #askers: Askers | undefined;
  /** The newest context of the identity whose row it is, and the number of its admission. */
  #context: unknown;
  #admitted = 0;
  #phase: Phase = IDLE;
  /** The last answer: nothing yet, a value, or a denial. */
  #answer: RowValue | 'denied' | undefined;
  /** The code of the last failure, until a fetch succeeds. */
  #stale: string | undefined;
  #version: string | number | undefined;
  /** Since when fetches have brought older versions alone, in ms of `performance.now`. */
  #laggingSince: number | undefined;
  /** Counts the fetches that began; a put counts as one. */
  #begun = 0;
  /** The number of the fetch that is under way; 0: none is. */
  #underWay = 0;
  /** The number of the fetch that gave the answer, or confirmed it. */
  #answered = 0;
  /** Answers of fetches up to this number are outdated: the context is new, or the row changed while no client watched it. */
  #distrusted = 0;
  /** The epoch of the value before the last denial. */
  #formerEpoch: string | undefined;
  /** When the value was set, as a moment of `changes`. */
  #setAt = 0;
  /** Whether clients have the value through a broadcast. */
  #isShared = false;
  /** Whether a client was denied, or told that there is no value. */
  #hasRefused = false;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the application gives the row at this moment: it is as new as a fetch. */
  #isPutting = false;
  #isEnded = false;

  constructor(host: RowHost, id: string, audience: string | undefined) {
    this.#host = host;
    this.id = id;
    this.audience = audience;
  }

  /** The value that clients share, if there is one. */
  get value(): RowValue | undefined {
    return this.#answer instanceof RowValue ? this.#answer : undefined;
  }

  /** The same, if a client that comes now would get it without a fetch. */
  get presentValue(): RowValue | undefined {
    return this.#answered > this.#distrusted ? this.value : undefined;
  }

  get isFetching(): boolean {
    return this.#phase.is === 'fetching' || this.#phase.is === 'queued';
  }

  get hasFailed(): boolean {
    return this.#stale !== undefined;
  }

  /** Whether a client has the value or waits for it. */
  get isWatched(): boolean {
    return this.#isShared || this.#askers !== undefined;
  }

  /**
   * A client of the identity has a context. If it is newer than the known one, no answer of a fetch that has begun is given any more.
   *
   * @param admitted the number of its admission; undefined: the newest
   */
  admit(context: unknown, admitted: number = this.#admitted): void {
    if (admitted < this.#admitted) return;
    this.#admitted = admitted;
    if (this.#context === context) return;
    this.#context = context;
    this.#distrusted = this.#begun;
  }

  /** Returns the present answer, or the one of a later fetch if there is none, it is outdated, or the client knows another epoch. */
  open(known: Position | undefined): Opened | Promise<Opened> {
    this.#move(retry(this.#phase, performance.now())); // it may have failed for the last time while no client watched
    const after = this.#isForeign(known) && !this.#isPutting ? this.#begun : this.#distrusted;
    if (this.#answered > after) return this.#opened(after);
    if (this.#underWay <= after) this.need();
    return (this.#askers ??= new Askers()).wait(after);
  }

  /** The broadcast of a value has ended. */
  release(value: RowValue): void {
    if (this.#answer === value) this.#isShared = false;
  }

  /** The row has changed: a fetch follows. Returns whether it was not pending before. */
  need(): boolean {
    const before = this.#phase;
    this.#move(need(before));
    return before.is !== 'queued' && !flagsOf(before).isRepeated;
  }

  /** The row has changed while no client watches it: the next client waits for a fetch. */
  invalidate(): void {
    this.#distrusted = this.#begun;
  }

  /** The row is too old: a fetch follows, unless one is pending or waits for its next attempt. */
  refresh(): void {
    if (this.#phase.is === 'idle') this.need();
  }

  /** The application gives the row itself, as it was at the moment `began`. An older version is ignored. */
  put(row: FetchedRow<unknown>, began: number = this.#host.changes.next()): void {
    if (this.#host.compare(row.version, this.#version) < 0) return;
    const number = ++this.#begun;
    this.#isPutting = true;
    try {
      this.#accept(row, number, began);
      this.#move(put(this.#phase));
      // Promises would answer after the events of this tick.
      if (this.#askers) this.#host.reask(this.id);
    } finally {
      this.#isPutting = false;
    }
    this.#settle(number);
  }

  /** Another fetch, which began at the moment `began`, has read the row along. It is ignored if the present row may be newer. */
  offer(row: FetchedRow<unknown>, began: number): void {
    if (!this.isFetching && this.#setAt < began) this.put(row, began);
  }

  /** The row is forgotten: results that are still to come are ignored. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#answer = undefined;
    this.#settle(Infinity);
  }

  /** Whether a position is of another node, or of the time before the row was forgotten. */
  #isForeign(known: Position | undefined): boolean {
    if (known === undefined || this.#answer === 'denied' || known.id === this.#formerEpoch) return false;
    return known.id !== this.value?.position().id;
  }

  /** The answer, if it is of a later fetch than `after`. */
  #opened(after: number): Opened {
    const answer = this.#answered > after ? this.#answer : undefined;
    this.#isShared ||= answer instanceof RowValue;
    if (answer instanceof RowValue) return answer;
    this.#hasRefused = true;
    if (answer === 'denied') return { denied: 'forbidden' };
    return { stale: this.#stale ?? 'unavailable', id: this.value?.position().id };
  }

  #move(phase: Phase): void {
    const before = this.#phase;
    this.#phase = phase;
    if (phase === before) return;
    clearTimeout(this.#timer);
    if (phase.is === 'failed') {
      const wait = phase.retryAt - performance.now();
      this.#timer = setTimeout(() => {
        if (this.isWatched) this.#move(retry(this.#phase, performance.now()));
      }, wait + 1).unref();
    }
    if (phase.is === 'queued' && before.is !== 'queued') this.#host.fetch(this.#job());
  }

  #job(): Job {
    return {
      id: this.id,
      audience: this.audience,
      context: () => this.#context,
      isDue: () => !this.#isEnded,
      begin: () => {
        const number = (this.#underWay = ++this.#begun);
        const began = this.#host.changes.begin();
        this.#move(begin(this.#phase));
        return (outcome) => {
          if (!this.#isEnded) this.#finish(outcome, number, began);
          this.#host.changes.end();
        };
      },
    };
  }

  #finish(outcome: Outcome, number: number, began: number): void {
    const { isOvertaken, isRepeated } = flagsOf(this.#phase);
    this.#underWay = 0;
    try {
      if ('error' in outcome) throw outcome.error;
      const row = readFetched(outcome.result);
      // It may have an optimistic change, which its client would show twice. The next fetch has it, and answers clients that wait.
      if (isRepeated && row !== 'denied' && this.value?.isTooEarly(began))
        return this.#move(succeed(this.#phase));
      this.#move(this.#take(row, number, began, isOvertaken));
    } catch (error) {
      const code = this.#host.codeOf(error);
      if (!isOvertaken) {
        this.#stale = code;
        this.value?.doubt(code);
      }
      this.#move(fail(this.#phase, performance.now(), Math.random()));
    }
    this.#settle(number);
    if (!this.isWatched) this.#host.onIdle(this.id, this.audience);
  }

  /** Takes the result of a fetch. Returns the next phase. @throws VeloxError `not-json`, `too-deep`, `bad-option`. */
  #take(row: FetchedRow<unknown> | 'denied', number: number, began: number, isOvertaken: boolean): Phase {
    if (row === 'denied') {
      this.#deny(number);
      // The row was put after the fetch asked for the right.
      return isOvertaken ? need(succeed(this.#phase)) : succeed(this.#phase);
    }
    const order = this.#host.compare(row.version, this.#version);
    if (order > 0 || (order === 0 && !isOvertaken)) {
      this.#accept(row, number, began);
      return succeed(this.#phase);
    }
    this.#host.onRelated(row.related, began);
    if (isOvertaken) return succeed(this.#phase);
    // A replica of the database lags behind. The present row is as good an answer, unless it is outdated, too.
    if (this.presentValue) this.#answered = number;
    checkLag((this.#laggingSince ??= performance.now()), this.id);
    return fail(this.#phase, performance.now(), Math.random());
  }

  /** @throws VeloxError `not-json`, `too-deep`. */
  #accept({ value, version, related }: FetchedRow<unknown>, number: number, began: number): void {
    this.value?.set(value, began);
    const row = this.value ?? new RowValue(value, this.#host.stateOptions, this.audience !== undefined);
    row.noteRelated(related);
    this.#answer = row;
    this.#answered = Math.max(this.#answered, number);
    // A put without a version does not make older versions newer. A row that was deleted may start again with lower versions.
    this.#version = version ?? (value === null ? undefined : this.#version);
    this.#stale = this.#laggingSince = undefined;
    this.freshAt = performance.now();
    this.#setAt = this.#host.changes.next();
    this.#host.onRelated(related, began);
    if (!this.#hasRefused) return;
    this.#hasRefused = false;
    this.#host.reaskRefused(this.id);
  }

  #deny(number: number): void {
    const { value } = this;
    if (value) this.#formerEpoch = value.position().id;
    value?.end();
    this.#answer = 'denied';
    this.#answered = Math.max(this.#answered, number);
    this.#isShared = false;
    this.#version = this.#stale = this.#laggingSince = undefined;
    this.freshAt = performance.now();
    if (value) this.#host.reask(this.id);
  }

  #settle(number: number): void {
    if (this.#askers?.settle(number, (after) => this.#opened(after)) === 0) this.#askers = undefined;
  }
}
