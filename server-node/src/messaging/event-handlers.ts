import type { Observer } from '../diagnostics/observer.js';
import type { Session } from '../sessions/session.js';

/** Hears an event of a client. */
export type EventHandler = (session: Session, data: unknown) => unknown;

/** Those of the application who hear what clients emit. */
export class EventHandlers {
  readonly #observer: Observer;
  readonly #handlers = new Map<string, Set<EventHandler>>();

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** Hears the events of a name, of all clients; returns the end of it. */
  on(event: string, handler: EventHandler): () => void {
    let handlers = this.#handlers.get(event);
    if (!handlers) this.#handlers.set(event, (handlers = new Set()));
    handlers.add(handler);
    return () => {
      handlers.delete(handler);
      if (handlers.size === 0 && this.#handlers.get(event) === handlers) this.#handlers.delete(event);
    };
  }

  /** Tells all; one that fails is reported, and harms nobody. */
  dispatch(session: Session, event: string, data: unknown): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) {
      try {
        const result = handler(session, data);
        if (result instanceof Promise) result.catch((error) => this.#observer.failure(error));
      } catch (error) {
        this.#observer.failure(error);
      }
    }
  }
}
