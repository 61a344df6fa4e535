import type { AnySchema } from '@velox/core/protocol';
import { attempt } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Session } from '../sessions/session.js';
import type { Checks } from './checks.js';

/** Receives an event of a client. */
export type EventHandler = (session: Session, data: unknown) => unknown;

interface Registration {
  readonly handler: EventHandler;
  /** Checks the data for this handler alone. */
  readonly schema: AnySchema | undefined;
}

/** The application's handlers for the events that clients emit. */
export class EventHandlers {
  readonly #observer: Observer;
  readonly #checks: Checks;
  readonly #handlers = new Map<string, Set<Registration>>();

  constructor(observer: Observer, checks: Checks) {
    this.#observer = observer;
    this.#checks = checks;
  }

  /**
   * Adds a handler for the events of a name from all clients. Returns the function that removes it.
   *
   * @param schema the handler receives its output
   * @throws VeloxError `bad-option` if the contract has no such event.
   */
  on(event: string, handler: EventHandler, schema?: AnySchema): () => void {
    if (event !== '') this.#checks.checkName('events', event); // a message of a channel has no name
    const registration = { handler, schema };
    let handlers = this.#handlers.get(event);
    if (!handlers) this.#handlers.set(event, (handlers = new Set()));
    handlers.add(registration);
    return () => {
      handlers.delete(registration);
      if (handlers.size === 0 && this.#handlers.get(event) === handlers) this.#handlers.delete(event);
    };
  }

  /**
   * Calls all handlers of an event. A handler that throws or rejects is reported, and the others are called anyway.
   *
   * @param isWarned whether an event without a handler is logged
   * @returns whether there are handlers
   */
  dispatch(session: Session, event: string, data: unknown, isWarned = true): boolean {
    const { identity } = session;
    const handlers = this.#handlers.get(event);
    if (!handlers) {
      if (!isWarned) return false;
      const advice = `a client emitted the event "${event}", which has no handler. Call hub.on(${JSON.stringify(event)}, …).`;
      this.#observer.once('unhandled event', event, advice, { name: event, identity });
      return false;
    }
    const checks = this.#checks;
    const frame = session.inbox.newest;
    const check = (schema: AnySchema | undefined, value: unknown, use: (output: unknown) => void): void =>
      checks.throughEvent(session, schema, event, value, use, frame);
    check(checks.event(event), data, (sound) => {
      const sounds: [Registration, unknown][] = [];
      for (const each of handlers) check(each.schema, sound, (output) => sounds.push([each, output]));
      // Together: an event is executed here or, if the hub closes before, by another server.
      check(undefined, undefined, () => {
        for (const [registration, output] of sounds)
          this.#run(session, event, handlers, registration, output);
      });
    });
    return true;
  }

  #run(
    session: Session,
    event: string,
    handlers: Set<Registration>,
    registration: Registration,
    data: unknown,
  ): void {
    // Either may have happened while an asynchronous schema was asked, or by a handler before.
    if (session.hasEnded || !handlers.has(registration)) return;
    attempt(
      () => registration.handler(session, data),
      (error) => this.#observer.failure(error, { name: event, identity: session.identity }),
    );
  }
}
