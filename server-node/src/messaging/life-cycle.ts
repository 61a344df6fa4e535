import { isVeloxError, VeloxError } from '@velox/core/protocol';
import { Deadlines } from '../diagnostics/deadlines.js';
import { isThenable } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Session } from '../sessions/session.js';

/** The most frames of one session that wait. Transports read no further, so a client reaches it only with an opening POST. */
const MOST_FRAMES = 1_000;

/** The callbacks and frames of a session that wait for an asynchronous callback. */
interface Busy {
  readonly callbacks: (() => unknown)[];
  readonly frames: (() => void)[];
  /** Resolves when none is waiting. */
  free: Promise<void>;
}

/** The functions of a hub that the life cycle needs. */
export interface LifeCycleHost {
  readonly observer: Observer;
  /** Ends a session whose frame is refused. */
  readonly fail: (session: Session, error: unknown) => void;
}

/**
 * Runs the callbacks for the life of each session one after the other. While an asynchronous one runs, frames of its session wait in order;
 * those of other sessions do not.
 */
export class LifeCycle {
  readonly #host: LifeCycleHost;
  readonly #deadlines: Deadlines;
  readonly #busy = new Map<Session, Busy>();

  /** @param handshake how long frames wait for a callback, in ms */
  constructor(handshake: number, host: LifeCycleHost) {
    this.#host = host;
    this.#deadlines = new Deadlines(handshake);
  }

  /** Calls a callback after the former ones of the session. Its error is reported. */
  run(session: Session, callback: () => unknown): void {
    const former = this.#busy.get(session);
    if (former) return void former.callbacks.push(callback);
    const result = this.#call(session, callback);
    if (!isThenable(result)) return;
    const busy: Busy = { callbacks: [], frames: [], free: Promise.resolve() };
    this.#busy.set(session, busy);
    busy.free = this.#finish(session, busy, result);
  }

  /** Resolves when no callback of the session runs; undefined if none runs now. */
  whenFree(session: Session): Promise<void> | undefined {
    return this.#busy.get(session)?.free;
  }

  /**
   * Lets a frame wait if a callback of its session runs. Returns whether it waits.
   *
   * @throws VeloxError `too-many`.
   */
  defer(session: Session, execute: () => void): boolean {
    const busy = this.#busy.get(session);
    if (!busy) return false;
    if (busy.frames.length >= MOST_FRAMES) {
      throw new VeloxError('too-many', 'too many frames wait for a callback of the session. Send fewer.');
    }
    const link = session.links;
    // Frames of a former link have no effect: the client sends them again.
    busy.frames.push(() => session.links === link && execute());
    return true;
  }

  /** The hub is closed: nothing waits any more. */
  close(): void {
    this.#deadlines.end(new VeloxError('going-away', 'the server goes away.'));
  }

  async #finish(session: Session, { callbacks, frames }: Busy, first: PromiseLike<unknown>): Promise<void> {
    for (let result: unknown = first; ;) {
      await this.#settled(session, result);
      const next = callbacks.shift();
      if (!next) break;
      result = this.#call(session, next);
    }
    this.#busy.delete(session);
    try {
      for (const execute of frames) if (!session.hasEnded) execute();
    } catch (error) {
      this.#host.fail(session, error);
    }
    session.holdForTopics(false);
  }

  async #settled(session: Session, result: unknown): Promise<void> {
    if (!isThenable(result)) return;
    const late = (): Error =>
      new VeloxError(
        'timeout',
        'a callback of a session took longer than limits.handshake. Its frames go on.',
      );
    try {
      await this.#deadlines.limit(result, late);
    } catch (error) {
      if (!isVeloxError(error, 'going-away')) this.#report(session, error);
    }
  }

  #call(session: Session, callback: () => unknown): unknown {
    try {
      return callback();
    } catch (error) {
      this.#report(session, error);
      return undefined;
    }
  }

  #report({ identity }: Session, error: unknown): void {
    this.#host.observer.failure(error, { identity });
  }
}
