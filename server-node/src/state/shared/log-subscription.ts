import type { Revision, Unsubscribe } from '../../cluster/log.js';
import type { Engine } from './engine.js';

/** What a node does with the revisions of a topic that it hears. */
export interface LogListener {
  readonly onRevision: (revision: Revision) => void;
  /** Revisions may have been missed. */
  readonly onDoubt: () => void;
}

/** The one subscription of a node to a topic of the log. */
export class LogSubscription {
  readonly #topic: string;
  readonly #engine: Engine;
  readonly #listener: LogListener;
  /** An engine may take longer to subscribe than a caller waits: later callers wait for the same answer. */
  #subscribed: Promise<void> | undefined;
  #unsubscribe: Unsubscribe | undefined;
  #isClosed = false;

  constructor(topic: string, engine: Engine, listener: LogListener) {
    this.#topic = topic;
    this.#engine = engine;
    this.#listener = listener;
  }

  /** Resolves when revisions that are appended from now on will be heard. */
  async open(): Promise<void> {
    if (!this.#unsubscribe) await this.#engine.ask(() => (this.#subscribed ??= this.#subscribe()));
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe?.();
  }

  async #subscribe(): Promise<void> {
    const onRevision = (revision: Revision): void => {
      if (!this.#isClosed) this.#listener.onRevision(revision);
    };
    try {
      const unsubscribe = await this.#engine.log.follow(this.#topic, onRevision, this.#listener.onDoubt);
      this.#unsubscribe = unsubscribe;
      if (this.#isClosed) unsubscribe();
    } catch (error) {
      this.#subscribed = undefined;
      throw error;
    }
  }
}
