import {
  checkGiven,
  expected,
  LONGEST_TIMER_MS,
  option,
  VeloxError,
  type Checks,
  type Position,
} from '@velox/core/protocol';
import type { Recorder } from '../../recording/recorder.js';
import { currentCauses, type Cause } from '../cause.js';
import { because } from './engine.js';

/** How an update is made. */
export interface UpdateOptions {
  /**
   * Names the update: a repetition with the same tag is not applied again, as long as the log keeps the first one (see `keep`).
   * At most 64 characters of A to Z, a to z, 0 to 9, `-` and `_`. Default: none.
   */
  readonly tag?: string;
  /**
   * A client of the engine in a transaction: the update becomes part of it. It resolves before the commit, and is visible after it.
   * Wait for it before COMMIT or ROLLBACK, also if another update has failed.
   * Default: the update is a transaction of its own.
   */
  readonly within?: unknown;
  /** How long the update may take, in ms; default 10,000. Infinity, or more than 24 days: for ever. */
  readonly timeout?: number;
}

const TAG = 'at most 64 characters of A to Z, a to z, 0 to 9, "-" and "_"';

const UPDATE: Checks<UpdateOptions> = {
  tag: expected(TAG, (value) => typeof value === 'string' && /^[\w-]{1,64}$/.test(value)),
  within: () => undefined,
  timeout: option.duration,
};

/** @throws VeloxError `bad-option`. */
export function checkUpdate(given: UpdateOptions): void {
  checkGiven('update()', given, UPDATE);
}

/** A change that waits for its place in the log. */
export class Job<T> {
  readonly tag: string | undefined;
  readonly within: unknown;
  readonly run: (recorder: Recorder<T>) => void;
  readonly done: Promise<Position>;
  /** Those of the code that has asked for the change. */
  readonly causes: readonly Cause[] = currentCauses();
  /** Whether the change may be in the log, though the log has not said so. */
  isInDoubt = false;
  isSettled = false;
  /** The last error that the change has met. The update fails with it as its cause. */
  lastError: unknown;
  readonly #topic: string;
  readonly #settle: (error: unknown, position?: Position) => void;

  /** @param run makes the change; it may be called repeatedly */
  constructor(
    run: (recorder: Recorder<T>) => void,
    { tag, within, timeout = 10_000 }: UpdateOptions,
    topic: string,
  ) {
    this.run = run;
    this.#topic = topic;
    this.tag = tag;
    this.within = within;
    let resolve: (position: Position) => void = () => undefined;
    let reject: (error: unknown) => void = () => undefined;
    this.done = new Promise((...settle) => ([resolve, reject] = settle));
    const timer =
      timeout > LONGEST_TIMER_MS
        ? undefined
        : setTimeout(() => this.giveUp(unavailable(topic, this.lastError)), timeout).unref();
    this.#settle = (error, position) => {
      if (this.isSettled) return;
      this.isSettled = true;
      clearTimeout(timer);
      if (position) resolve(position);
      else reject(error);
    };
  }

  /** Whether it has to be the only change of its revision. */
  get isAlone(): boolean {
    return this.tag !== undefined || this.within !== undefined;
  }

  succeed(position: Position): void {
    this.#settle(undefined, position);
  }

  fail(error: unknown): void {
    this.#settle(error);
  }

  /** Fails with an error, or as in doubt if the change may be in the log. */
  giveUp(error: unknown): void {
    this.#settle(this.isInDoubt ? inDoubt(this.#topic, this.lastError) : error);
  }
}

const inDoubt = (topic: string, cause: unknown): VeloxError =>
  new VeloxError(
    'in-doubt',
    `an update of "${topic}" was sent, and its answer is lost. It may have been applied: read the value, or repeat it with its tag.`,
    because(cause),
  );

const unavailable = (topic: string, cause: unknown): VeloxError =>
  new VeloxError(
    'unavailable',
    `an update of "${topic}" could not be made in time, and nothing has changed. Try again later.`,
    because(cause),
  );
