import { randomInt } from 'node:crypto';
import {
  CallError,
  checkGiven,
  expected,
  LONGEST_TIMER_MS,
  option,
  type Checks as OptionChecks,
  type ReplyFrame,
} from '@velox/core/protocol';
import { parse } from '../access/standard-schema.js';
import { isThenable } from '../diagnostics/maybe-promise.js';
import { callMessage } from '../sessions/event-message.js';
import { successorOf } from '../sessions/redirect.js';
import type { Session } from '../sessions/session.js';
import type { Checks } from './checks.js';

/** How a call is made. */
export interface CallOptions {
  /** How long to wait for the reply, in ms; default 10,000. Infinity, or more than 24 days: for ever. */
  readonly timeout?: number;
  /** Cancels the call when it is aborted. */
  readonly signal?: AbortSignal;
}

const CALL: OptionChecks<CallOptions> = {
  timeout: option.duration,
  signal: expected('an AbortSignal', (value) => value instanceof AbortSignal),
};

/** @throws VeloxError `bad-option`. */
export function checkCall(given: CallOptions | undefined): void {
  if (given) checkGiven('call()', given, CALL);
}

interface Pending {
  readonly name: string;
  /** Whether it was given up after it was written. */
  isDoubtful?: boolean;
  /** Ends the call with its reply, or with an error. */
  readonly settle: (error: Error | undefined, data?: unknown) => void;
}

/** The calls of the server to its clients that wait for a reply. */
export class Calls {
  readonly #checks: Checks;
  readonly #pending = new Map<Session, Map<number, Pending>>();
  /**
   * Hubs begin at random numbers, because a client may have calls of several: its session moves, or a handler replies after a restart.
   * All numbers have 16 digits. Drawn for the first call: some runtimes have no random numbers while a module is loaded.
   */
  #last: number | undefined;

  constructor(checks: Checks) {
    this.#checks = checks;
  }

  /**
   * Calls a client. If its session has moved, its new node calls it. Rejects with a CallError: its handler's, `timeout`, `cancelled`, `dropped`
   * if the call was not sent, or `unknown-outcome` if its session ends before the reply, or if a lost link may have lost the call.
   *
   * @throws VeloxError `not-json`, `too-large`.
   */
  call(session: Session, name: string, data: unknown, options: CallOptions = {}): Promise<unknown> {
    const successor = successorOf(session);
    if (successor) return successor.call(name, data, options);
    const { timeout = 10_000, signal } = options;
    if (signal?.aborted) return Promise.reject(cancelled());
    const number = (this.#last = (this.#last ?? (2 ** 20 + randomInt(2 ** 20)) * 2 ** 32) + 1);
    const pending = (): Pending | undefined => this.#pending.get(session)?.get(number);
    const fail = (error: CallError): void => pending()?.settle(error);
    const message = callMessage(name, data, number, (code) => {
      const call = pending();
      if (code !== 'unknown-outcome') fail(droppedCall());
      else if (call) call.isDoubtful = true; // its client reads, so the reply can still come
    });
    const reply = new Promise((resolve, reject) => {
      const timedOut = (): void =>
        fail(new CallError('timeout', `the call "${name}" got no reply within ${timeout} ms.`));
      const timer = timeout > LONGEST_TIMER_MS ? undefined : setTimeout(timedOut, timeout);
      const onAbort = (): void => fail(cancelled());
      const settle: Pending['settle'] = (error, data) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#delete(session, number);
        if (error) reject(error);
        else resolve(data);
      };
      signal?.addEventListener('abort', onAbort);
      this.#add(session, number, { name, settle });
    });
    session.send(message, true);
    return reply;
  }

  /** The numbers of the calls that a client has not answered. */
  pending(session: Session): number[] {
    return [...(this.#pending.get(session)?.keys() ?? [])];
  }

  /** The calls of a client that were given up after they were written. */
  doubtful(session: Session): number[] {
    return [...(this.#pending.get(session) ?? [])]
      .filter(([, call]) => call.isDoubtful)
      .map(([number]) => number);
  }

  /** A client answered. Returns whether the call waits for it; a reply to a call that is settled has no effect. */
  reply(session: Session, { reply, data, error }: ReplyFrame): boolean {
    const call = this.#pending.get(session)?.get(reply);
    if (!call) return false;
    if (error) call.settle(new CallError(error.code, error.message, error.data));
    else this.#check(call, data);
    return true;
  }

  #check(call: Pending, data: unknown): void {
    const fail = (failure: unknown): void => call.settle(failure as CallError);
    try {
      const sound = this.#sound(call.name, data);
      if (isThenable(sound)) sound.then((value) => call.settle(undefined, value), fail);
      else call.settle(undefined, sound);
    } catch (failure) {
      fail(failure);
    }
  }

  /** A session has lost events with its former link, so the outcome of its calls that were given up is unknown. */
  doubt(session: Session): void {
    for (const { settle, isDoubtful } of this.#all(session)) if (isDoubtful) settle(lostCall());
  }

  /** The session has ended, so the outcome of its calls is unknown. */
  forget(session: Session): void {
    for (const { settle } of this.#all(session)) settle(unknownOutcome('the session ended'));
  }

  /** Returns a reply as the contract's schema gives it. */
  #sound(name: string, data: unknown): unknown {
    const [, schema] = this.#checks.call(name) ?? [];
    return schema ? parse(schema, `the reply to the call "${name}"`, data) : data;
  }

  /** The pending calls of a session; some may be settled meanwhile. */
  #all(session: Session): readonly Pending[] {
    return [...(this.#pending.get(session)?.values() ?? [])];
  }

  #add(session: Session, number: number, pending: Pending): void {
    let ofSession = this.#pending.get(session);
    if (!ofSession) this.#pending.set(session, (ofSession = new Map<number, Pending>()));
    ofSession.set(number, pending);
  }

  #delete(session: Session, number: number): void {
    const ofSession = this.#pending.get(session);
    ofSession?.delete(number);
    if (ofSession?.size === 0) this.#pending.delete(session);
  }
}

const unknownOutcome = (why: string): CallError =>
  new CallError('unknown-outcome', `${why} before the reply. The call may have run.`);
export const lostCall = (): CallError => unknownOutcome('its link was lost');
const cancelled = (): CallError => new CallError('cancelled', 'the call was cancelled.');
export const droppedCall = (): CallError =>
  new CallError('dropped', 'the session has ended, or too much waits for it. The call did not run.');
