import { CallError, VeloxError, type AnySchema, type ContractSchemas } from '@velox/core/protocol';
import { parse } from '../access/standard-schema.js';
import { Deadlines } from '../diagnostics/deadlines.js';
import { isThenable } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Traffic } from '../diagnostics/traffic.js';
import type { Session } from '../sessions/session.js';

/** While more values of a session wait for a check, its transports read no further: a client may send faster than a schema answers. */
const MOST_WAITING = 100;

/** The parts of a hub that checks use. */
export interface CheckParts {
  readonly observer: Observer;
  readonly traffic: Pick<Traffic, 'invalid'>;
  /** How long a schema may take, in ms. */
  readonly limits: { readonly handshake: number };
}

/**
 * Checks the data of clients by schemas, one value at a time for each session: a schema that answers later does not change the order of
 * events.
 */
export class Checks {
  readonly #contract: ContractSchemas | undefined;
  readonly #parts: CheckParts;
  readonly #deadlines: Deadlines;
  /** By session: settles when its values so far are checked. */
  readonly #turns = new Map<Session, Promise<unknown>>();
  /** How many values of each session wait, and the callbacks for the time when they are few. */
  readonly #waiting = new Map<Session, { count: number; readonly onFew: (() => void)[] }>();

  constructor(contract: ContractSchemas | undefined, parts: CheckParts) {
    this.#contract = contract;
    this.#parts = parts;
    this.#deadlines = new Deadlines(parts.limits.handshake);
  }

  /**
   * Refuses a name that the contract does not have.
   *
   * @throws VeloxError `bad-option`.
   */
  checkName(kind: 'events' | 'calls', name: string): void {
    if (!this.#contract || Object.hasOwn(this.#contract[kind] ?? {}, name)) return;
    const one = kind === 'events' ? 'event' : 'call';
    throw new VeloxError('bad-option', `the contract has no ${one} "${name}". Add it to defineContract().`);
  }

  /** The contract's schema of an event. */
  event(name: string): AnySchema | undefined {
    return own(this.#contract?.events, name);
  }

  /** The contract's schemas for the data and the reply of a call. */
  call(name: string): readonly [AnySchema, AnySchema] | undefined {
    return own(this.#contract?.calls, name);
  }

  /** The contract's schema of a room's name. */
  get room(): AnySchema | undefined {
    return this.#contract?.rooms;
  }

  /**
   * Calls `use` with the output of a schema, after the values of the session that came before; now if nothing is waited for. Until then
   * the frame of the value is not acknowledged.
   *
   * @param frame the number of the frame; default: the one that is being received
   * @throws CallError `invalid`; VeloxError `timeout` if the schema has not answered within `limits.handshake`.
   */
  through<R>(
    session: Session,
    schema: AnySchema | undefined,
    what: string,
    value: unknown,
    use: (output: unknown) => R,
    frame: number = session.inbox.newest,
  ): R | Promise<Awaited<R>> {
    const late = (): Error =>
      new VeloxError('timeout', `the schema of ${what} took longer than limits.handshake.`);
    // The time that a value waits for the checks before does not count.
    const check = (): unknown => {
      const output = schema ? parse(schema, what, value) : value;
      return isThenable(output) ? this.#deadlines.limit(output, late) : output;
    };
    const former = this.#turns.get(session);
    const output = former ? former.then(check, check) : check();
    if (!isThenable(output)) return use(output);
    const turn = Promise.resolve(output);
    this.#turns.set(session, turn);
    this.#count(session, 1);
    const release = session.inbox.hold(frame);
    const end = (): void => {
      if (this.#turns.get(session) === turn) this.#turns.delete(session);
      this.#count(session, -1);
      if (release()) session.oweAck();
    };
    const used = turn.then(use);
    turn.then(end, end);
    return used as Promise<Awaited<R>>;
  }

  #count(session: Session, more: number): void {
    const waiting = this.#waiting.get(session) ?? { count: 0, onFew: [] };
    waiting.count += more;
    if (waiting.count > 0) this.#waiting.set(session, waiting);
    else this.#waiting.delete(session);
    if (waiting.count <= MOST_WAITING) for (const callback of waiting.onFew.splice(0)) callback();
  }

  /** Resolves when more values of a session may be read; undefined if they may be read now. */
  whenFewWait(session: Session): Promise<void> | undefined {
    const waiting = this.#waiting.get(session);
    if (!waiting || waiting.count <= MOST_WAITING) return undefined;
    return new Promise((resolve) => waiting.onFew.push(resolve));
  }

  /** Resolves when the values of a session that wait now are checked; undefined if none waits. */
  whenChecked(session: Session): Promise<void> | undefined {
    const done = (): void => undefined;
    return this.#turns.get(session)?.then(done, done);
  }

  /** The same for an event: one that is not sound is dropped, counted and logged. */
  throughEvent(
    session: Session,
    schema: AnySchema | undefined,
    event: string,
    data: unknown,
    use: (output: unknown) => void,
    frame: number = session.inbox.newest,
  ): void {
    const fail = (error: unknown): void => this.#dropped(session, event, error);
    try {
      const used = this.through(session, schema, `the event "${event}"`, data, use, frame);
      if (isThenable(used)) used.then(undefined, fail);
    } catch (error) {
      fail(error);
    }
  }

  #dropped({ identity }: Session, name: string, error: unknown): void {
    const { observer, traffic } = this.#parts;
    if (!(error instanceof CallError)) return observer.failure(error, { name, identity });
    traffic.invalid++;
    observer.often('invalid event', name, `an event of a client was dropped: ${error.message}`, {
      name,
      identity,
      ...(error.data as object),
    });
  }
}

function own<T>(entries: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return entries && Object.hasOwn(entries, name) ? entries[name] : undefined;
}
