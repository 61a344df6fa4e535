import type { Unsubscribe } from './log.js';
import { report } from './report.js';

interface Listener<T> {
  readonly fn: (value: T) => void;
  readonly onDoubt: (() => void) | undefined;
}
interface Feed<T> {
  readonly listeners: Set<Listener<T>>;
  /** Settles when the engine has subscribed. */
  readonly opened: Promise<void>;
}

/** Shares one subscription of an engine among all listeners of a key. */
export class FanOut<T> {
  readonly #open: (key: string) => Promise<void>;
  readonly #close: (key: string) => void;
  readonly #feeds = new Map<string, Feed<T>>();

  /**
   * @param open subscribes in the engine, for the first listener of a key
   * @param close ends this, after the last one. It must not throw.
   */
  constructor(
    open: (key: string) => Promise<void> = () => Promise.resolve(),
    close: (key: string) => void = () => {},
  ) {
    this.#open = open;
    this.#close = close;
  }

  /** The keys that have listeners. */
  keys(): string[] {
    return [...this.#feeds.keys()];
  }

  /** Resolves when the engine has subscribed. */
  async add(key: string, fn: (value: T) => void, onDoubt?: () => void): Promise<Unsubscribe> {
    const listener = { fn, onDoubt };
    let feed = this.#feeds.get(key);
    if (!feed) {
      feed = { listeners: new Set(), opened: this.#open(key) };
      this.#feeds.set(key, feed);
    }
    const { listeners, opened } = feed;
    listeners.add(listener);
    const remove = (): void => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      if (this.#feeds.get(key)?.listeners !== listeners) return;
      this.#feeds.delete(key);
      this.#close(key);
    };
    try {
      await opened;
    } catch (error) {
      remove();
      throw error;
    }
    return remove;
  }

  /** Calls all listeners of a key. */
  tell(key: string, value: T): void {
    this.#each(key, ({ fn }) => fn(value));
  }

  /** Notifies the listeners of a key, or all, that messages may have been missed. */
  doubt(key?: string): void {
    for (const each of key === undefined ? this.keys() : [key])
      this.#each(each, ({ onDoubt }) => onDoubt?.());
  }

  #each(key: string, call: (listener: Listener<T>) => void): void {
    const listeners = this.#feeds.get(key)?.listeners;
    if (!listeners) return;
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue;
      try {
        call(listener);
      } catch (error) {
        report(error);
      }
    }
  }
}
