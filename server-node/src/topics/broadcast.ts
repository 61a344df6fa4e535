import type { Position } from '@velox/core/protocol';
import { ByKey, type OneOrMany } from '../collections/one-or-many.js';
import type { RevisionListener, Versioned } from '../state/versioned.js';
import type { Source } from './source.js';
import { StateFrames, type StateFramesOptions } from './state-frames.js';

/** One subscription, as its broadcast sees it. */
export interface Member {
  /** The subscriber that it belongs to. */
  readonly owner: object;
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

const members = new ByKey<object, Member>(({ owner }) => owner);

/** Delivers one value to its members: the subscriptions that receive it under a topic's name. */
export class Broadcast implements RevisionListener {
  readonly topic: string;
  readonly versioned: Versioned;
  /** The source that has opened the value. */
  readonly source: Source;
  readonly frames: StateFrames;
  /** Ends the broadcast; set while it has no members. */
  lapsing: NodeJS.Timeout | undefined;
  readonly #host: BroadcastHost;
  #members: OneOrMany<object, Member>;
  /** The position, and the code of `stale`, of which the members were last notified. */
  #delivered: Position;
  #stale: string | undefined;
  /** How many pending answers decide whether it gets another member. */
  #questions = 0;

  constructor(
    topic: string,
    versioned: Versioned,
    source: Source,
    options: StateFramesOptions,
    host: BroadcastHost,
  ) {
    this.topic = topic;
    this.versioned = versioned;
    this.source = source;
    this.frames = new StateFrames(topic, versioned, options);
    this.#host = host;
    this.#delivered = this.frames.position;
    this.#stale = versioned.stale;
    versioned.listen(this);
  }

  get size(): number {
    return members.size(this.#members);
  }

  /** Whether it has members, or is about to get one. */
  get isNeeded(): boolean {
    return this.#questions > 0 || this.size > 0;
  }

  /** Stays, also without members, until the answer to a question has arrived. */
  async stayFor<T>(answer: Promise<T>): Promise<T> {
    this.#questions++;
    try {
      return await answer;
    } finally {
      this.#questions--;
    }
  }

  add(member: Member): void {
    this.#members = members.with(this.#members, member);
  }

  delete(subscriber: object): void {
    if (!members.get(this.#members, subscriber)) return;
    this.#members = members.without(this.#members, subscriber);
    if (!this.#members) this.#host.onEmpty(this);
  }

  onChange(): void {
    this.#host.onChange(this);
  }

  onRevision(): void {
    this.deliver();
  }

  /** Touches all members, if there is something new since the last time. */
  deliver(): void {
    if (!this.#members && this.versioned.isComputed) return this.#host.onDelivered(this, false);
    const { position } = this.frames;
    const { stale } = this.versioned;
    const isNew = position !== this.#delivered || stale !== this.#stale;
    this.#delivered = position;
    this.#stale = stale;
    if (isNew) for (const member of members.values(this.#members)) member.touch();
    this.#host.onDelivered(this, isNew);
  }

  /** Touches one subscriber's member, if there is one. */
  deliverTo(subscriber: object): void {
    members.get(this.#members, subscriber)?.touch();
  }

  /** Ends the observation of the value. */
  end(): void {
    this.versioned.unlisten(this);
  }
}
