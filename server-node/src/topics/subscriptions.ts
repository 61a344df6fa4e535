import type { Budget } from '@velox/core/protocol';
import { ByKey, type OneOrMany } from '../collections/one-or-many.js';
import type { Traffic } from '../diagnostics/traffic.js';
import type { Versioned } from '../state/versioned.js';
import type { Message } from '../wire/message.js';
import { FULL_BYTES } from '../wire/outlet.js';
import type { Broadcast } from './broadcast.js';
import type { Subscription } from './subscription.js';

/** How many topics of a session are checked at a time, in turn. */
const CHECKED_TOPICS = 16;

/** How many denied topics a session remembers by name. */
const REMEMBERED_DENIALS = 1_000;

const byTopic = new ByKey<string, Subscription>(({ topic }) => topic);

/** The topics that one session wants, granted or not, and which of them have something to send. */
export class Subscriptions {
  /** The only one with something to send, or the first of several. Most sessions never need a set. */
  #dirty: Subscription | undefined;
  /** Those with something to send beside `#dirty`, in the order of the tick. */
  #otherDirty: Set<Subscription> | undefined;
  readonly #traffic: Traffic;
  #all: OneOrMany<string, Subscription>;
  /** The topics that the session was not allowed to see last; beyond the limit, all. */
  #denied: Set<string> | 'all' | undefined;
  #turn = 0;
  #asking = 0;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  get size(): number {
    return byTopic.size(this.#all);
  }

  get names(): string[] {
    return [...byTopic.values(this.#all)].map(({ topic }) => topic);
  }

  /** Whether any topic has something to send. */
  get hasDirty(): boolean {
    return this.#dirty !== undefined || (this.#otherDirty?.size ?? 0) > 0;
  }

  /** How many questions are pending, also for topics that are not wanted any more: each costs the application something. */
  get asking(): number {
    return this.#asking;
  }

  has(topic: string): boolean {
    return this.get(topic) !== undefined;
  }

  get(topic: string): Subscription | undefined {
    return byTopic.get(this.#all, topic);
  }

  /** Adds a subscription, in place of a former one to the topic. */
  add(subscription: Subscription): void {
    this.drop(subscription.topic);
    this.#all = byTopic.with(this.#all, subscription);
  }

  drop(topic: string): void {
    const subscription = this.get(topic);
    if (!subscription) return;
    subscription.end();
    this.#all = byTopic.without(this.#all, topic);
    if (this.#dirty === subscription) this.#dirty = undefined;
    else this.#otherDirty?.delete(subscription);
  }

  /** Whether any of these values is delivered, or may be once a question is answered. */
  mayShow(values: ReadonlySet<Versioned>): boolean {
    const all = [...byTopic.values(this.#all)];
    return all.some(
      ({ isAsked, versioned }) => isAsked || (versioned !== undefined && values.has(versioned)),
    );
  }

  /** Whether the session was not allowed to see a topic when its rights were asked for last. */
  isDenied(topic: string): boolean {
    return this.#denied === 'all' || this.#denied?.has(topic) === true;
  }

  /** The topics that the session was not allowed to see last. */
  get denied(): readonly string[] | 'all' {
    return this.#denied === 'all' ? 'all' : [...(this.#denied ?? [])];
  }

  /** The denied topics, as a former node of the session noted them. */
  set denied(topics: readonly string[] | 'all') {
    this.#denied = topics === 'all' ? 'all' : new Set(topics);
  }

  /** Notes whether the session may see a topic. */
  noteRight(topic: string, isAllowed: boolean): void {
    if (this.#denied === 'all') return;
    if (isAllowed) this.#denied?.delete(topic);
    else if (!this.#denied) this.#denied = new Set([topic]);
    else if (this.#denied.size < REMEMBERED_DENIALS) this.#denied.add(topic);
    else this.#denied = 'all';
  }

  /** Waits for the answer to a question, which does not reject, and counts it as pending. */
  async waitFor<T>(answer: Promise<T>): Promise<T> {
    this.#asking++;
    const result = await answer;
    this.#asking--;
    return result;
  }

  /** Notes that a subscription has something to send; `isFull`: later, because the outlet takes nothing now. */
  touch(subscription: Subscription, isFull: boolean): void {
    this.#note(subscription);
    if (!isFull || !subscription.isJoined) return;
    subscription.skip();
    this.#traffic.skipped++;
  }

  /** Notes that the subscriptions of these `broadcasts` have something to send. */
  touchMembersOf(broadcasts: ReadonlySet<Broadcast>): void {
    for (const subscription of byTopic.values(this.#all))
      if (subscription.isMemberOfAny(broadcasts)) this.#note(subscription);
  }

  /** Has copies checked. */
  doubt(budget: Budget): void {
    const all = [...byTopic.values(this.#all)];
    for (let count = Math.min(CHECKED_TOPICS, all.length); count > 0; count--) {
      const subscription = all[this.#turn++ % all.length] as Subscription;
      if (!subscription.isJoined) continue;
      subscription.doubt = budget;
      this.#note(subscription);
    }
  }

  /**
   * Appends the pending frames to `messages`, until they have {@link FULL_BYTES} bytes.
   *
   * @returns how many bytes were added
   */
  tell(messages: Message[]): number {
    let size = 0;
    const first = this.#dirty;
    this.#dirty = undefined;
    if (first) size = this.#tellOf(first, messages);
    if (!this.#otherDirty) return size;
    for (const subscription of this.#otherDirty) {
      if (size >= FULL_BYTES) break;
      this.#otherDirty.delete(subscription);
      size += this.#tellOf(subscription, messages);
    }
    return size;
  }

  #tellOf(subscription: Subscription, messages: Message[]): number {
    let size = 0;
    let at = messages.length;
    if (subscription.tell(messages) && subscription.catchUp()) this.#traffic.caughtUp++;
    const check = subscription.check();
    if (check) messages.push(check);
    for (; at < messages.length; at++) size += (messages[at] as Message).size;
    return size;
  }

  #note(subscription: Subscription): void {
    if (this.#dirty === subscription) return;
    if (!this.hasDirty) this.#dirty = subscription;
    else (this.#otherDirty ??= new Set()).add(subscription);
  }
}
