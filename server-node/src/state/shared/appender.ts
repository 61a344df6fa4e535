import { isVeloxError, VeloxError, type Position } from '@velox/core/protocol';
import type { Appended, Place } from '../../cluster/log.js';
import { closed, type Engine } from './engine.js';
import type { Follower } from './follower.js';
import type { Job } from './job.js';
import type { Lane } from './lane.js';
import { isRepeatable, propose } from './propose.js';
import type { SharedValue } from './shared-value.js';
import { drawTag } from './tag.js';
import type { Transactions } from './transactions.js';

/** The longest wait after a conflict and after a failure, in ms. */
const MOST_CONFLICT_MS = 16;
const MOST_FAILURE_MS = 1_000;

/** The parts that an appender works with. */
export interface AppenderHost<T> {
  readonly topic: string;
  readonly value: SharedValue<T>;
  readonly engine: Engine;
  readonly follower: Follower<T>;
  readonly lane: Lane;
  readonly transactions: Transactions<T>;
  /** A revision of this node is in the log. */
  readonly onAppended: (at: Place, patch: string) => void;
}

/** An attempt to append a revision. `lost`: its answer did not come. `none`: there was nothing left to append. */
type Attempt =
  | { readonly is: 'appended'; readonly at: Place; readonly patch: string | undefined; readonly after: Place }
  | { readonly is: 'refused'; readonly head: Place | undefined }
  | { readonly is: 'none' }
  | { readonly is: 'lost'; readonly after: Place };
type Refusal = Attempt & { readonly is: 'refused' };

/**
 * Appends the updates of one node to a topic's log. One append is in flight; updates that come meanwhile leave together as the next
 * revision. A revision keeps its tag over all attempts, so one whose answer was lost is found in the log, and not applied twice.
 */
export class Appender<T> {
  readonly #host: AppenderHost<T>;
  readonly #waiting: Job<T>[] = [];
  #isRunning = false;
  /** Whether the last append failed. */
  #isFailing = false;
  #isClosed = false;

  constructor(host: AppenderHost<T>) {
    this.#host = host;
  }

  /** Resolves when the change is in the log and in the value. */
  add(job: Job<T>): Promise<Position> {
    if (this.#isClosed) job.fail(closed());
    else this.#waiting.push(job);
    if (!this.#isRunning) {
      this.#isRunning = true;
      queueMicrotask(() => void this.#run());
    }
    return job.done;
  }

  /** Fails all updates that wait. One that was sent waits for its answer. */
  close(): void {
    this.#isClosed = true;
    for (const job of this.#waiting.splice(0)) job.fail(closed());
  }

  async #run(): Promise<void> {
    const { value } = this.#host;
    while (this.#waiting.length > 0) {
      const jobs = this.#take();
      const tag = drawTag(jobs[0]?.tag);
      const attempted = { tag, causes: jobs.flatMap(({ causes }) => causes) };
      value.attempted.add(attempted);
      await this.#append(jobs, tag).catch((error: unknown) => this.#recover(jobs, error));
      value.attempted.delete(attempted);
    }
    this.#isRunning = false;
  }

  /** Fails the updates that met an error of the server itself. The value may be broken, so it is loaded again for the next ones. */
  async #recover(jobs: readonly Job<T>[], cause: unknown): Promise<void> {
    const { topic, engine, follower } = this.#host;
    engine.observer.log('error', 'update failed', { topic, error: cause });
    await follower.reload().catch(() => undefined);
    const text = `an update of "${topic}" failed, and nothing has changed. See the cause, and try again.`;
    for (const job of jobs) {
      job.lastError = cause;
      job.giveUp(new VeloxError('unavailable', text, { cause }));
    }
  }

  /** The changes of the next revision. */
  #take(): Job<T>[] {
    const first = this.#waiting.findIndex(({ isAlone }) => isAlone);
    return this.#waiting.splice(0, first === -1 ? this.#waiting.length : Math.max(first, 1));
  }

  async #append(jobs: readonly Job<T>[], tag: string): Promise<void> {
    const { value } = this.#host;
    const isWithin = jobs[0]?.within !== undefined;
    let isBehind = !value.isLoaded;
    /** The place of an attempt whose answer was lost. */
    let openAt: Place | undefined;
    /** The last attempt, if the log has refused it. */
    let refused: Refusal | undefined;
    for (let conflicts = 0, failures = 0; jobs.some(({ isSettled }) => !isSettled);) {
      if (this.#isClosed) return jobs.forEach((job) => job.giveUp(closed()));
      if (isBehind && !(await this.#catchUp(jobs, refused))) {
        await pause(2 ** Math.min(++failures, 20) * 10, MOST_FAILURE_MS);
        continue;
      }
      // The value now includes everything that others have committed, so a head above it belongs to the same transaction.
      if (isWithin && refused?.head && isAbove(refused.head, value.place)) {
        return jobs.forEach((job) => job.fail(updatedBefore(this.#host.topic)));
      }
      const found = value.recent.find(tag);
      if (found) return this.#succeed(jobs, found);
      if (openAt && !isEqual(openAt, value.place)) {
        // The log has gone on from that place without the attempt, so it was refused. Below a snapshot, it cannot be found.
        if (!value.recent.after(openAt.version)) return jobs.forEach((job) => job.giveUp(closed()));
        for (const job of jobs) job.isInDoubt = false;
        openAt = undefined;
      }
      const attempt = await this.#attempt(jobs, tag, conflicts + failures === 0);
      isBehind = attempt.is === 'refused' || attempt.is === 'lost';
      const former = refused;
      refused = attempt.is === 'refused' ? attempt : undefined;
      // Nothing that is committed comes between two equal answers, so the transaction does not see it.
      if (isWithin && former && refused && isEqual(refused.head, former.head)) {
        return jobs.forEach((job) => job.fail(outdated(this.#host.topic)));
      }
      if (attempt.is === 'appended') {
        if (this.#appended(jobs, tag, attempt)) return;
        // A new epoch has begun before the answer came: it may lack the revision.
        isBehind = true;
        openAt = attempt.after;
      }
      if (attempt.is === 'refused' && conflicts++ >= 2) await pause(2 ** (conflicts - 3), MOST_CONFLICT_MS);
      if (attempt.is === 'lost') {
        openAt = attempt.after;
        await pause(2 ** Math.min(++failures, 20), MOST_FAILURE_MS);
      }
    }
  }

  /** Returns whether the value includes all that was in the log. */
  async #catchUp(jobs: readonly Job<T>[], refused: Refusal | undefined): Promise<boolean> {
    const { value, follower, transactions } = this.#host;
    const within = jobs[0]?.within;
    try {
      await (within !== undefined && refused
        ? transactions.catchUp(within, value.place)
        : follower.catchUp());
      return true;
    } catch (error) {
      for (const job of jobs) job.lastError = error;
      return false;
    }
  }

  #attempt(jobs: readonly Job<T>[], tag: string, isFirst: boolean): Promise<Attempt> {
    const { topic, value, engine, lane } = this.#host;
    return lane.run(async (): Promise<Attempt> => {
      // From the proposal to the question is one synchronous step: it names the place that the patch is made for.
      const patch = propose(value, jobs);
      if (jobs.every(({ isSettled }) => isSettled)) return { is: 'none' };
      if (isFirst && process.env.NODE_ENV !== 'production') this.#checkRepeatable(jobs, patch);
      const after = value.place;
      // A change without effect is compared with the log anyway, because it may have an effect on the newest value.
      const revisions = patch === undefined ? [] : [{ tag, patch }];
      const wasInDoubt = jobs.some(({ isInDoubt }) => isInDoubt);
      for (const job of jobs) job.isInDoubt = true;
      let answer: Appended;
      try {
        answer = await engine.ask((log) => log.append(topic, after, revisions, jobs[0]?.within));
      } catch (error) {
        return this.#failed(jobs, error, after, wasInDoubt);
      }
      if (answer.ok) {
        this.#isFailing = false;
        return { is: 'appended', at: answer.at, patch, after };
      }
      // This attempt never happened. Whether an earlier one did is known when the log was read.
      if (!wasInDoubt) for (const job of jobs) job.isInDoubt = false;
      return { is: 'refused', head: answer.head };
    });
  }

  #failed(jobs: readonly Job<T>[], error: unknown, after: Place, wasInDoubt: boolean): Attempt {
    const isWithin = jobs[0]?.within !== undefined;
    for (const job of jobs) job.lastError = error;
    // The transaction may have it or receive it later, and would refuse another attempt.
    if (isWithin && (isVeloxError(error, 'timeout') || isVeloxError(error, 'closed'))) {
      for (const job of jobs) job.giveUp(error);
      return { is: 'none' };
    }
    const isByCaller =
      isVeloxError(error, 'too-large') ||
      isVeloxError(error, 'not-supported') ||
      isVeloxError(error, 'bad-option') ||
      isWithin; // the application's transaction has failed
    if (!isByCaller) this.#report(error);
    // `unavailable`: the engine takes no appends now, or a transaction holds the topic
    if (!isByCaller && !isVeloxError(error, 'unavailable')) return { is: 'lost', after };
    for (const job of jobs) {
      job.isInDoubt = wasInDoubt;
      job.giveUp(error);
    }
    return { is: 'none' };
  }

  #report(error: unknown): void {
    const { topic, engine } = this.#host;
    if (!this.#isFailing && !this.#isClosed) engine.observer.log('warn', 'append failed', { topic, error });
    this.#isFailing = true;
  }

  /** Returns whether the revision is in the value. */
  #appended(
    jobs: readonly Job<T>[],
    tag: string,
    { at, patch, after }: Attempt & { readonly is: 'appended' },
  ): boolean {
    const { topic, engine, follower, transactions, onAppended } = this.#host;
    const { id, version } = at;
    engine.observer.publish('append', () => ({ topic, id, version, updates: jobs.length }));
    // A transaction of the application may still be rolled back: the value moves when its commit is heard.
    const within = jobs[0]?.within;
    if (within !== undefined) {
      if (patch !== undefined) transactions.onAppended(tag);
    } else if (patch !== undefined) {
      if (!follower.receive([{ tag, patch, at, previous: after.token }])) return false;
      onAppended(at, patch);
    }
    this.#succeed(jobs, at);
    return true;
  }

  #succeed(jobs: readonly Job<T>[], { id, version }: Place): void {
    for (const job of jobs) {
      // The value may have the change already, or not yet: that of a transaction.
      for (const cause of job.causes) cause.note(this.#host.value, version);
      job.succeed({ id, version });
    }
  }

  #checkRepeatable(jobs: readonly Job<T>[], patch: string | undefined): void {
    const { topic, value, engine } = this.#host;
    if (isRepeatable(value, jobs, patch)) return;
    const advice = `a recipe of "${topic}" made two different changes of one value. Recipes may run again: draw ids and read clocks before update().`;
    engine.observer.once('impure recipe', topic, advice, { topic });
  }
}

function isEqual(one: Place | undefined, other: Place | undefined): boolean {
  return one?.id === other?.id && one?.version === other?.version && one?.token === other?.token;
}

function isAbove(head: Place, { id, version }: Place): boolean {
  return head.id === id && head.version > version;
}

const updatedBefore = (topic: string): VeloxError =>
  new VeloxError(
    'bad-option',
    `a transaction has updated "${topic}" before. Make all changes of a topic in one update of it.`,
  );

const outdated = (topic: string): VeloxError =>
  new VeloxError(
    'unavailable',
    `a transaction does not see the newest value of "${topic}". Begin it again, at the isolation level READ COMMITTED.`,
  );

/** Waits for a random time of at most `ms`. */
function pause(ms: number, most: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(ms, most)));
}
