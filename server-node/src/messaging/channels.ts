import type { Observer } from '../diagnostics/observer.js';
import type { Session } from '../sessions/session.js';
import type { Checks } from './checks.js';
import { EventHandlers } from './event-handlers.js';

/** The application's handlers for the events of channels: each session has its own. */
export class Channels {
  readonly #observer: Observer;
  readonly #checks: Checks;
  readonly #handlers = new WeakMap<Session, Map<string, EventHandlers>>();

  constructor(observer: Observer, checks: Checks) {
    this.#observer = observer;
    this.#checks = checks;
  }

  /** Adds a handler for the events of a name. Returns the function that removes it. */
  on(session: Session, channel: string, event: string, handler: (data: unknown) => unknown): () => void {
    let channels = this.#handlers.get(session);
    if (!channels) this.#handlers.set(session, (channels = new Map<string, EventHandlers>()));
    let handlers = channels.get(channel);
    if (!handlers) channels.set(channel, (handlers = new EventHandlers(this.#observer, this.#checks)));
    return handlers.on(event, (_, data) => handler(data));
  }

  /**
   * Calls the handlers of an event; without a handler the event is lost.
   *
   * @param isWarned whether an event without a handler is logged
   * @returns whether there are handlers
   */
  dispatch(session: Session, channel: string, event: string, data: unknown, isWarned: boolean): boolean {
    if (this.#handlers.get(session)?.get(channel)?.dispatch(session, event, data, false)) return true;
    if (!isWarned) return false;
    const name = JSON.stringify(channel);
    const advice = `a client emitted in the channel ${name}, where its session has no handler. Call session.channel(${name}).on(…).`;
    this.#observer.once('unhandled channel', channel, advice, { name: channel, identity: session.identity });
    return false;
  }
}
