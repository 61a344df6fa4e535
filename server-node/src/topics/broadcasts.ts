import { Groups } from '../collections/groups.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Versioned } from '../state/versioned.js';
import { Broadcast, type BroadcastHost } from './broadcast.js';
import { Resting } from './resting.js';
import type { Source } from './source.js';
import type { StateFramesOptions } from './state-frames.js';

/** How long a broadcast stays without members, in ms: a page that reloads must not cause its value to be fetched again. */
export const LINGER_MS = 5_000;

/** The broadcasts of a hub: one for each value under each topic, while it has members and a little longer. */
export class Broadcasts implements BroadcastHost {
  readonly #resting = new Resting();
  readonly #options: StateFramesOptions;
  readonly #observer: Observer;
  readonly #byTopic = new Groups<string, Versioned, Broadcast>(({ versioned }) => versioned);
  /** Those whose value has changed since their last delivery. */
  readonly #changed = new Set<Broadcast>();
  /** The same of values with throttled deliveries. */
  readonly #throttled = new Set<Broadcast>();

  constructor(options: Omit<StateFramesOptions, 'resting'>, observer: Observer) {
    this.#options = { ...options, resting: this.#resting };
    this.#observer = observer;
  }

  /** Returns the broadcast of a value that a source has opened, and keeps it for a while even if it gets no members. */
  of(topic: string, versioned: Versioned, source: Source): Broadcast {
    const present = this.#byTopic.get(topic, versioned);
    if (present) return present;
    const broadcast = new Broadcast(topic, versioned, source, this.#options, this);
    this.#byTopic.add(topic, broadcast);
    this.onEmpty(broadcast);
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
    for (const broadcast of [...this.#byTopic.values()]) this.#end(broadcast);
    this.#resting.close();
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
    if (this.#byTopic.get(broadcast.topic, broadcast.versioned) !== broadcast) return; // it has ended
    clearTimeout(broadcast.lapsing);
    broadcast.lapsing = setTimeout(() => this.#lapse(broadcast), LINGER_MS).unref();
  }

  #lapse(broadcast: Broadcast): void {
    broadcast.lapsing = undefined;
    if (!broadcast.isNeeded) this.#end(broadcast);
    else if (broadcast.size === 0) this.onEmpty(broadcast);
  }

  #end(broadcast: Broadcast): void {
    const { topic, versioned, source, lapsing } = broadcast;
    clearTimeout(lapsing);
    this.#byTopic.delete(topic, versioned);
    this.#changed.delete(broadcast);
    this.#throttled.delete(broadcast);
    broadcast.end();
    try {
      source.release(topic, versioned);
    } catch (error) {
      this.#observer.failure(error);
    }
  }
}
