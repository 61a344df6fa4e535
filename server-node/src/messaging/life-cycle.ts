import { isVeloxError, VeloxError } from '@velox/core/protocol';
import { Deadlines } from '../diagnostics/deadlines.js';
import { isThenable } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Session } from '../sessions/session.js';

/** The most frames of one session that wait. Transports read no further, so a client reaches it only with an opening POST. */
const MOST_FRAMES = 1_000;

/** The callbacks and frames of a session that wait for an asynchronous callback, or for the payment of a debt. */
interface Busy {
  readonly callbacks: (() => unknown)[];
  readonly frames: (() => void)[];
  /** Resolves when none is waiting. */
  free: Promise<void>;
  /** Ends the wait for a payment: callbacks do not wait for it. */
  wake: () => void;
}

/** The functions of a hub that the life cycle needs. */
export interface LifeCycleHost {
  readonly observer: Observer;
  /** Ends a session whose frame is refused. */
  readonly fail: (session: Session, error: unknown) => void;
  /** Resolves when few values of the session wait for a check; undefined if that is so now. */
  readonly whenFewWait: (session: Session) => Promise<void> | undefined;
}

/**
 * Runs the callbacks for the life of each session one after the other. While an asynchronous one runs, or the session owes for the work that
 * it has caused (see `RateLimit.debt`), frames of that session wait in order; those of other sessions do not.
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
    if (former) {
      former.callbacks.push(callback);
      return former.wake();
    }
    const result = this.#call(session, callback);
    if (isThenable(result)) this.#begin(session, result);
  }

  /** Resolves when no callback of the session runs and no frame waits; undefined if that is so now. */
  whenFree(session: Session): Promise<void> | undefined {
    return this.#busy.get(session)?.free;
  }

  /** Resolves when the next frame of the session may be read; undefined if it may be read now. */
  whenReadable(session: Session): Promise<void> | undefined {
    const wait = this.whenFree(session) ?? session.rate.whenPaid() ?? this.#host.whenFewWait(session);
    return wait?.then(() => this.whenReadable(session));
  }

  /**
   * Lets a frame wait if a callback of its session runs, or the session is in debt. Returns whether it waits.
   *
   * @throws VeloxError `too-many`.
   */
  defer(session: Session, execute: () => void): boolean {
    const busy = this.#busy.get(session) ?? (session.rate.debt > 0 ? this.#begin(session) : undefined);
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
  close(error: VeloxError): void {
    this.#deadlines.end(error);
  }

  #begin(session: Session, first?: PromiseLike<unknown>): Busy {
    const busy: Busy = { callbacks: [], frames: [], free: Promise.resolve(), wake: () => undefined };
    this.#busy.set(session, busy);
    busy.free = this.#finish(session, busy, first);
    return busy;
  }

  async #finish(session: Session, busy: Busy, first: PromiseLike<unknown> | undefined): Promise<void> {
    await this.#settled(session, first);
    for (const { callbacks, frames } = busy; callbacks.length + frames.length > 0;) {
      const callback = callbacks.shift();
      const payment = callback || session.hasEnded ? undefined : session.rate.whenPaid();
      if (callback) await this.#settled(session, this.#call(session, callback));
      else if (payment) await new Promise<void>((resolve) => void payment.then((busy.wake = resolve)));
      else this.#execute(session, frames.shift());
    }
    this.#busy.delete(session);
    session.holdForTopics(false);
  }

  #execute(session: Session, execute: (() => void) | undefined): void {
    if (session.hasEnded) return;
    try {
      execute?.();
    } catch (error) {
      this.#host.fail(session, error);
    }
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
