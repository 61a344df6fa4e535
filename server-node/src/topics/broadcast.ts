import type { Position } from '@velox/core/protocol';
import type { Versioned } from '../state/versioned.js';
import { StateFrames, type StateFramesOptions } from './state-frames.js';

/** One subscription, as its broadcast sees it. */
export interface Member {
  /** It may have something to send. */
  touch(): void;
}

/** The reports of a broadcast to its owner. */
export interface BroadcastHost {
  /** The value has changed and was not delivered yet. Called in the middle of the change. */
  onChange(broadcast: Broadcast): void;
  /** Its members know of all changes; `isNew`: they did not before. */
  onDelivered(broadcast: Broadcast, isNew: boolean): void;
  /** It has no members any more. */
  onEmpty(broadcast: Broadcast): void;
}

/** Delivers one value to its members: the subscriptions that receive it under a topic's name. */
export class Broadcast {
  readonly topic: string;
  readonly versioned: Versioned;
  readonly frames: StateFrames;
  readonly #host: BroadcastHost;
  /** By the subscriber that owns the member. */
  readonly #members = new Map<object, Member>();
  /** The reason for which the members were last touched. */
  #delivered: Position;
  #stale: string | undefined;
  readonly #unobserve: () => void;

  constructor(topic: string, versioned: Versioned, options: StateFramesOptions, host: BroadcastHost) {
    this.topic = topic;
    this.versioned = versioned;
    this.frames = new StateFrames(topic, versioned, options);
    this.#host = host;
    this.#delivered = this.frames.position;
    this.#stale = versioned.stale;
    this.#unobserve = versioned.onRevision(
      () => this.deliver(),
      () => host.onChange(this),
    );
  }

  get size(): number {
    return this.#members.size;
  }

  add(subscriber: object, member: Member): void {
    this.#members.set(subscriber, member);
  }

  delete(subscriber: object): void {
    if (this.#members.delete(subscriber) && this.#members.size === 0) this.#host.onEmpty(this);
  }

  /** Touches all members, if there is something new since the last time. */
  deliver(): void {
    if (this.#members.size === 0 && this.versioned.isComputed) return this.#host.onDelivered(this, false);
    const { position } = this.frames;
    const { stale } = this.versioned;
    const isNew = position !== this.#delivered || stale !== this.#stale;
    this.#delivered = position;
    this.#stale = stale;
    if (isNew) for (const member of this.#members.values()) member.touch();
    this.#host.onDelivered(this, isNew);
  }

  /** Touches one subscriber's member, if there is one. */
  deliverTo(subscriber: object): void {
    this.#members.get(subscriber)?.touch();
  }

  /** Ends the observation of the value. */
  end(): void {
    this.#unobserve();
  }
}
