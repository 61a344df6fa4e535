import { CallError, VeloxError } from '@velox/core/protocol';
import { isThenable } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import { failureMessage, replyMessage } from '../sessions/event-message.js';
import type { Session } from '../sessions/session.js';

/** Answers the calls of a name. Its return value is the reply. */
export type Answer = (session: Session, data: unknown, options: { readonly signal: AbortSignal }) => unknown;

/** The application's handlers for the calls of clients, and the calls that are running. */
export class Answers {
  readonly #observer: Observer;
  readonly #limit: number;
  readonly #byName = new Map<string, Answer>();
  /** By session and number of the call. */
  readonly #running = new Map<Session, Map<number, AbortController>>();

  /** @param limit the most running calls of one session */
  constructor(observer: Observer, limit: number) {
    this.#observer = observer;
    this.#limit = limit;
  }

  /**
   * Sets the handler for the calls of a name. Returns the function that removes it.
   *
   * @throws VeloxError `bad-option` if the name has a handler.
   */
  set(name: string, answer: Answer): () => void {
    if (this.#byName.has(name)) {
      throw new VeloxError(
        'bad-option',
        `the call "${name}" has a handler. A call has one answer, so remove the first.`,
      );
    }
    this.#byName.set(name, answer);
    return () => {
      if (this.#byName.get(name) === answer) this.#byName.delete(name);
    };
  }

  /** Runs the handler of a call, and sends its reply. */
  run(session: Session, name: string, data: unknown, call: number): void {
    const answer = this.#byName.get(name);
    const run = (signal: AbortSignal): unknown => {
      if (!answer) throw new CallError('no-handler', `the server does not answer the call "${name}".`);
      return answer(session, data, { signal });
    };
    this.runWith(run, session, name, call);
  }

  /** Answers a call by a function, and sends its reply. */
  runWith(answer: (signal: AbortSignal) => unknown, session: Session, name: string, call: number): void {
    let running = this.#running.get(session);
    if (!running) this.#running.set(session, (running = new Map<number, AbortController>()));
    if (running.size >= this.#limit) {
      const error = new CallError('too-many', 'too many calls are running. Wait for a reply.');
      return session.send(failureMessage(call, error));
    }
    const aborting = new AbortController();
    running.set(call, aborting);
    const fail = (error: unknown): void => this.#fail(session, name, call, aborting, error);
    try {
      const result = answer(aborting.signal);
      if (isThenable(result)) {
        Promise.resolve(result)
          .then((value) => this.#reply(session, call, aborting, value))
          .catch(fail);
      } else this.#reply(session, call, aborting, result);
    } catch (error) {
      fail(error);
    }
  }

  /** The client does not wait for the reply any more. */
  cancel(session: Session, call: number): void {
    const aborting = this.#running.get(session)?.get(call);
    this.#end(session, call);
    aborting?.abort(new CallError('cancelled', 'the client cancelled the call.'));
  }

  /** The session has ended: its calls are cancelled. */
  forget(session: Session): void {
    for (const call of [...(this.#running.get(session)?.keys() ?? [])]) this.cancel(session, call);
  }

  #reply(session: Session, call: number, aborting: AbortController, value: unknown): void {
    if (aborting.signal.aborted) return;
    const message = replyMessage(call, value);
    this.#end(session, call);
    session.send(message);
  }

  #fail(session: Session, name: string, call: number, aborting: AbortController, error: unknown): void {
    if (!(error instanceof CallError)) this.#observer.failure(error, { name, identity: session.identity });
    if (aborting.signal.aborted) return;
    this.#end(session, call);
    session.send(this.#failure(call, error));
  }

  #failure(call: number, error: unknown): ReturnType<typeof failureMessage> {
    const internal = new CallError('internal', 'the server failed to answer the call.');
    try {
      return failureMessage(call, error instanceof CallError ? error : internal);
    } catch (unsendable) {
      this.#observer.failure(unsendable);
      return failureMessage(call, internal);
    }
  }

  #end(session: Session, call: number): void {
    const running = this.#running.get(session);
    running?.delete(call);
    if (running?.size === 0) this.#running.delete(session);
  }
}
