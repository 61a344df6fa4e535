import { CallError, VeloxError, type AnySchema } from '@velox/core/protocol';
import { parse } from '../access/standard-schema.js';
import { isThenable, thenOrNow } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import { failureMessage, replyMessage } from '../sessions/event-message.js';
import { MadeCalls } from '../sessions/made-calls.js';
import type { Session } from '../sessions/session.js';
import type { Checks } from './checks.js';

/** Answers the calls of a name. Its return value is the reply. */
export type Answer = (session: Session, data: unknown, options: { readonly signal: AbortSignal }) => unknown;

interface Registration {
  readonly answer: Answer;
  /** Checks the data beside the contract. */
  readonly schema: AnySchema | undefined;
}

/** The application's handlers for the calls of clients, and the calls that are running. */
export class Answers {
  readonly #observer: Observer;
  readonly #limit: number;
  readonly #checks: Checks;
  readonly #byName = new Map<string, Registration>();
  /** By session and number of the call. */
  readonly #running = new Map<Session, Map<number, AbortController>>();

  /** @param limit the most running calls of one session */
  constructor(observer: Observer, checks: Checks, limit: number) {
    this.#checks = checks;
    this.#observer = observer;
    this.#limit = limit;
  }

  /**
   * Sets the handler for the calls of a name. Returns the function that removes it.
   *
   * @param schema the handler receives its output
   * @throws VeloxError `bad-option` if the name has a handler, or the contract has no such call.
   */
  set(name: string, answer: Answer, schema?: AnySchema): () => void {
    this.#checks.checkName('calls', name);
    if (this.#byName.has(name)) {
      throw new VeloxError(
        'bad-option',
        `the call "${name}" has a handler. A call has one answer, so remove the first.`,
      );
    }
    const registration = { answer, schema };
    this.#byName.set(name, registration);
    return () => {
      if (this.#byName.get(name) === registration) this.#byName.delete(name);
    };
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Runs the handler of a call, and sends its reply. @throws VeloxError as `runWith`. */
  run(session: Session, name: string, data: unknown, call: number, isOptimistic = false): void {
    const registration = this.#byName.get(name);
    const frame = session.inbox.newest;
    const run = (signal: AbortSignal): unknown => {
      if (!registration) throw new CallError('no-handler', 'the server answers no call of that name.');
      const { answer, schema } = registration;
      const [input, output] = this.#checks.call(name) ?? [];
      const what = `the data of the call "${name}"`;
      const use = (value: unknown): unknown => {
        if (signal.aborted) return undefined;
        const result = answer(session, value, { signal });
        return output ? thenOrNow(result, (reply) => soundReply(output, name, reply)) : result;
      };
      return this.#checks.through(session, input, what, data, (sound) =>
        this.#checks.through(session, schema, what, sound, use, frame),
      );
    };
    if (!isOptimistic) return this.runWith(run, session, name, call);
    const { topics } = session;
    const made = (session.made ??= new MadeCalls(
      (values) => values.size > 0 && (!session.link || topics.mayShow(values)),
    ));
    this.runWith((signal) => made.run(call, () => run(signal)), session, name, call);
  }

  /**
   * Answers a call by a function, and sends its reply.
   *
   * @throws VeloxError `bad-frame` if a call of that number is running: two could be neither counted nor cancelled.
   */
  runWith(answer: (signal: AbortSignal) => unknown, session: Session, name: string, call: number): void {
    const running = this.#running.get(session) ?? new Map<number, AbortController>();
    if (running.has(call)) {
      throw new VeloxError('bad-frame', 'a running call has the number of this one. Use each number once.');
    }
    if (running.size >= this.#limit) {
      const error = new CallError('too-many', 'too many calls are running. Wait for a reply.');
      session.send(failureMessage(call, error));
      return;
    }
    const aborting = new AbortController();
    this.#running.set(session, running.set(call, aborting));
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

  /** The client does not wait for the reply any more. Returns whether the call runs. */
  cancel(session: Session, call: number): boolean {
    const aborting = this.#running.get(session)?.get(call);
    session.made?.forget(call);
    this.#end(session, call);
    aborting?.abort(new CallError('cancelled', 'the client cancelled the call.'));
    return !!aborting;
  }

  /** The numbers of a session's calls that run. */
  running(session: Session): number[] {
    return [...(this.#running.get(session)?.keys() ?? [])];
  }

  /** The session has ended: its calls are cancelled. */
  forget(session: Session): void {
    for (const call of [...(this.#running.get(session)?.keys() ?? [])]) this.cancel(session, call);
    session.made?.clear();
  }

  #reply(session: Session, call: number, aborting: AbortController, value: unknown): void {
    if (aborting.signal.aborted) return;
    const message = replyMessage(call, value);
    this.#end(session, call);
    session.made?.ended(call);
    session.send(message);
  }

  #fail(session: Session, name: string, call: number, aborting: AbortController, error: unknown): void {
    if (!(error instanceof CallError)) this.#observer.failure(error, { name, identity: session.identity });
    if (aborting.signal.aborted) return;
    this.#end(session, call);
    session.made?.ended(call);
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

/** Checks the reply of a handler: an unsound one is an error of the server, and its caller learns only `internal`. */
async function soundReply(output: AnySchema, name: string, reply: unknown): Promise<unknown> {
  try {
    return await parse(output, `the reply to the call "${name}"`, reply);
  } catch (error) {
    throw error instanceof CallError ? new TypeError(`velox: ${error.message}`) : error;
  }
}
