import type { Observer } from '../diagnostics/observer.js';
import type { Versioned } from '../state/versioned.js';
import { Broadcast, type BroadcastHost } from './broadcast.js';
import type { Source } from './source.js';
import type { StateFramesOptions } from './state-frames.js';

/** How long a broadcast stays without members, in ms: a page that reloads must not cause its value to be fetched again. */
export const LINGER_MS = 5_000;

interface Held {
  readonly source: Source;
  /** Set while it has no members. */
  timer?: NodeJS.Timeout | undefined;
}

/** The broadcasts of a hub: one for each value under each topic, while it has members and a little longer. */
export class Broadcasts implements BroadcastHost {
  readonly #options: StateFramesOptions;
  readonly #observer: Observer;
  readonly #byTopic = new Map<string, Map<Versioned, Broadcast>>();
  readonly #held = new Map<Broadcast, Held>();
  /** Those whose value has changed since their last delivery. */
  readonly #changed = new Set<Broadcast>();
  /** The same of values with throttled deliveries. */
  readonly #throttled = new Set<Broadcast>();

  constructor(options: StateFramesOptions, observer: Observer) {
    this.#options = options;
    this.#observer = observer;
  }

  /** Returns the broadcast of a value that a source has opened, and keeps it for a while even if it gets no members. */
  of(topic: string, versioned: Versioned, source: Source): Broadcast {
    let ofTopic = this.#byTopic.get(topic);
    if (!ofTopic) this.#byTopic.set(topic, (ofTopic = new Map<Versioned, Broadcast>()));
    let broadcast = ofTopic.get(versioned);
    if (!broadcast) {
      ofTopic.set(versioned, (broadcast = new Broadcast(topic, versioned, this.#options, this)));
      this.#held.set(broadcast, { source });
      this.onEmpty(broadcast);
    }
    return broadcast;
  }

  /** Values with throttled deliveries that have changed since the last one. */
  get throttled(): ReadonlySet<Broadcast> {
    return this.#throttled;
  }

  /** Whether values have changed since their last delivery. */
  get hasChanges(): boolean {
    return this.#changed.size > 0 || this.#throttled.size > 0;
  }

  /** Delivers the other values that have changed since their last delivery, before the end of the tick. */
  flush(): void {
    for (const broadcast of this.#changed) {
      try {
        broadcast.deliver();
      } catch (error) {
        this.#observer.failure(error);
      }
    }
  }

  /** Ends all. */
  close(): void {
    for (const broadcast of [...this.#held.keys()]) this.#end(broadcast);
  }

  onChange(broadcast: Broadcast): void {
    (broadcast.versioned.isThrottled ? this.#throttled : this.#changed).add(broadcast);
  }

  onDelivered(broadcast: Broadcast, isNew: boolean): void {
    this.#changed.delete(broadcast);
    this.#throttled.delete(broadcast);
    if (!isNew) return;
    const { topic, frames } = broadcast;
    this.#observer.publish('revision', () => ({ topic, ...frames.position }));
  }

  onEmpty(broadcast: Broadcast): void {
    const held = this.#held.get(broadcast);
    if (held) held.timer ??= setTimeout(() => this.#lapse(broadcast), LINGER_MS).unref();
  }

  #lapse(broadcast: Broadcast): void {
    const held = this.#held.get(broadcast) as Held;
    held.timer = undefined;
    if (broadcast.size === 0) this.#end(broadcast);
  }

  #end(broadcast: Broadcast): void {
    const { topic, versioned } = broadcast;
    const { source, timer } = this.#held.get(broadcast) as Held;
    clearTimeout(timer);
    this.#held.delete(broadcast);
    this.#changed.delete(broadcast);
    this.#throttled.delete(broadcast);
    broadcast.end();
    const ofTopic = this.#byTopic.get(topic);
    ofTopic?.delete(versioned);
    if (ofTopic?.size === 0) this.#byTopic.delete(topic);
    try {
      source.release(topic, versioned);
    } catch (error) {
      this.#observer.failure(error);
    }
  }
}
