import { attempt } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Session } from '../sessions/session.js';

/** Receives an event of a client. */
export type EventHandler = (session: Session, data: unknown) => unknown;

/** The application's handlers for the events that clients emit. */
export class EventHandlers {
  readonly #observer: Observer;
  readonly #handlers = new Map<string, Set<EventHandler>>();

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** Adds a handler for the events of a name from all clients. Returns the function that removes it. */
  on(event: string, handler: EventHandler): () => void {
    let handlers = this.#handlers.get(event);
    if (!handlers) this.#handlers.set(event, (handlers = new Set()));
    handlers.add(handler);
    return () => {
      handlers.delete(handler);
      if (handlers.size === 0 && this.#handlers.get(event) === handlers) this.#handlers.delete(event);
    };
  }

  /** Calls all handlers of an event. A handler that throws or rejects is reported, and the others are called anyway. */
  dispatch(session: Session, event: string, data: unknown): void {
    const { identity } = session;
    const handlers = this.#handlers.get(event);
    if (!handlers) {
      const advice = `a client emitted the event "${event}", which has no handler. Call hub.on(${JSON.stringify(event)}, …).`;
      return this.#observer.once('unhandled event', event, advice, { name: event, identity });
    }
    for (const handler of [...handlers]) {
      attempt(
        () => handler(session, data),
        (error) => this.#observer.failure(error, { name: event, identity }),
      );
    }
  }
}
