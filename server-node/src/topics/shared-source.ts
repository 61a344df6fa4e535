import type { SharedTopic } from '../state/shared/shared-state.js';
import type { Opened, Source } from './source.js';

/** How long a client waits for a value that is being loaded, in ms; then it is notified that the topic is stale. */
const LOADING_MS = 1_000;

/** The source of a shared state: its value once that is loaded. */
export class SharedSource implements Source {
  readonly #shared: SharedTopic<unknown>;

  constructor(shared: SharedTopic<unknown>) {
    this.#shared = shared;
  }

  open(): Opened | Promise<Opened> {
    const { value, whenLoaded } = this.#shared;
    if (value.isLoaded) return value;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ stale: value.stale ?? 'unavailable' }), LOADING_MS).unref();
      void whenLoaded.then(() => (clearTimeout(timer), resolve(value)));
    });
  }

  release(): void {
    // The application holds it.
  }
}
