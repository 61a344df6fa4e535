import { CallError } from '@velox/core/protocol';
import type { Watch } from '../simulation/watch.js';
import type { CallPlan, Work } from './plan.js';
import type { SessionRecord } from './received.js';

/** An error of a handler that is no CallError. */
export const OF_THE_APPLICATION = 'of the application';

/** A call, either way. */
interface Call {
  readonly id: number;
  readonly plan: Pick<CallPlan, 'timeout' | 'isIdempotent'>;
  readonly at: number;
  /** The sessions in which its handler ran. */
  readonly runs: SessionRecord[];
  /** How its handler ended, by session. */
  readonly ends: Map<SessionRecord, Work['end']>;
  isAborted: boolean;
  /** How it ended for its caller. */
  fate: string | undefined;
  /** Whether its session has ended since, or its frame was dropped. */
  readonly mayHaveRun: () => boolean;
}

/** The calls of one direction: each ends once, in one way, and runs at most once. */
export class Calls {
  readonly #name: string;
  readonly #watch: Watch;
  readonly #now: () => number;
  readonly #calls: Call[] = [];

  constructor(name: string, watch: Watch, now: () => number) {
    this.#name = name;
    this.#watch = watch;
    this.#now = now;
  }

  /** How many calls have not ended. */
  get pending(): number {
    return this.#calls.filter(({ fate }) => fate === undefined).length;
  }

  /**
   * Makes a call.
   *
   * @param mayHaveRun whether the session of the call has ended, or its frame was dropped
   * @param send sends it
   */
  make(
    plan: Pick<CallPlan, 'timeout' | 'isIdempotent'> & { readonly cancelAfter?: number | undefined },
    mayHaveRun: () => boolean,
    send: (id: number, signal: AbortSignal) => Promise<unknown>,
    onEnd: (fate: string) => void = () => undefined,
  ): void {
    const id = this.#calls.length;
    const aborting = new AbortController();
    const call: Call = {
      id,
      plan,
      at: this.#now(),
      runs: [],
      ends: new Map(),
      isAborted: false,
      fate: undefined,
      mayHaveRun,
    };
    this.#calls.push(call);
    const end = (fate: string): void => {
      this.#end(call, fate);
      onEnd(fate);
    };
    send(id, aborting.signal).then(
      (reply) => {
        this.#watch.check(
          (reply as { id: number }).id === id,
          () => `${this.#name} ${id} has a foreign reply`,
        );
        end('reply');
      },
      (error: unknown) => {
        if (error instanceof CallError) return end(error.code);
        this.#watch.fail(`${this.#name} ${id}: ${String(error)}`);
      },
    );
    if (plan.cancelAfter === undefined) return;
    const abort = (): void => {
      call.isAborted = true;
      aborting.abort();
    };
    if (plan.cancelAfter === 0) abort();
    else setTimeout(abort, plan.cancelAfter);
  }

  /**
   * Performs a call in a session.
   *
   * @param work its effect, after it has waited
   * @param pause how long it waits after that, in ms
   */
  async perform(
    id: number,
    session: SessionRecord,
    { wait, end }: Work,
    work?: () => void,
    pause = 0,
  ): Promise<unknown> {
    const call = this.#calls[id] as Call;
    this.#watch.note(`${this.#name} ${id} runs in ${session.name}`);
    call.runs.push(session);
    const inSession = call.runs.filter((run) => run === session).length;
    const most = call.plan.isIdempotent ? inSession : call.runs.length;
    this.#watch.check(most === 1, () => `${this.#name} ${id} ran ${most} times`);
    this.#watch.check(call.fate !== 'dropped', () => `${this.#name} ${id} ran after it was dropped`);
    if (wait > 0) await sleep(wait);
    work?.();
    if (pause > 0) await sleep(pause);
    call.ends.set(session, end);
    if (end === 'refused') throw new CallError('refused', 'not today.');
    if (end === 'internal') throw new Error(OF_THE_APPLICATION);
    return { id };
  }

  /** Returns the first call that has not ended. */
  missing(): string | undefined {
    const call = this.#calls.find(({ fate }) => fate === undefined);
    return call && `${this.#name} ${call.id} has not ended`;
  }

  #end(call: Call, fate: string): void {
    const { id, plan, at, runs, ends } = call;
    const says = (what: string) => () => `${this.#name} ${id} ended with ${fate} ${what}`;
    this.#watch.note(`${this.#name} ${id} ended with ${fate}`);
    this.#watch.check(call.fate === undefined, says(`after ${call.fate}`));
    call.fate = fate;
    const elapsed = this.#now() - at;
    switch (fate) {
      case 'reply':
      case 'refused':
      case 'internal':
        return this.#watch.check([...ends.values()].includes(fate), says('that no handler gave'));
      case 'cancelled':
        return this.#watch.check(call.isAborted, says('that nothing cancelled'));
      case 'timeout':
        return this.#watch.check(elapsed >= plan.timeout - 1, says(`after ${elapsed} ms`));
      case 'dropped':
        return this.#watch.check(runs.length === 0, says('and has run'));
      case 'unknown-outcome':
        return this.#watch.check(call.mayHaveRun(), says('although its session lives'));
      default:
        this.#watch.fail(says('')());
    }
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
