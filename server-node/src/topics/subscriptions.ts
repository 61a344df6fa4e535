import type { Budget, Position } from '@velox/core/protocol';
import type { Broadcast } from './broadcast.js';
import type { Message } from '../wire/message.js';
import { FULL } from '../wire/outlet.js';
import { Subscription, type Question } from './subscription.js';
import type { Traffic } from '../diagnostics/traffic.js';

/** How many topics of a session are checked at a time; each has its turn. */
const CHECKED = 16;

/** The topics that one session wants, whether it may have them or not, and which of them it is to be told about. */
export class Subscriptions {
  readonly #byTopic = new Map<string, Subscription>();
  /** Those of which the client is to be told something, each once. */
  #dirty: Subscription[] = [];
  #turn = 0;
  #asking = 0;

  get size(): number {
    return this.#byTopic.size;
  }

  get names(): Iterable<string> {
    return this.#byTopic.keys();
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  /** Whether there is something to tell. */
  get areDirty(): boolean {
    return this.#dirty.length > 0;
  }

  /** Notes that a topic is wanted from a position. Nothing of it leaves before it is joined. */
  want(topic: string, known: Position | undefined): void {
    this.drop(topic);
    this.#byTopic.set(topic, new Subscription(topic, known));
  }

  drop(topic: string): void {
    const subscription = this.#byTopic.get(topic);
    if (!subscription) return;
    this.#byTopic.delete(topic);
    this.#clear(subscription);
  }

  /** Nothing of a wanted topic leaves until the question that this returns is answered by `join` or `deny`. */
  hold(topic: string): Question | undefined {
    const subscription = this.#byTopic.get(topic);
    if (subscription) this.#clear(subscription);
    return subscription?.hold();
  }

  /** How many questions are open, also of topics that are not wanted any more: each costs the application something. */
  get asking(): number {
    return this.#asking;
  }

  /** Waits for the answer to a question; it does not fail. */
  async waitFor(answer: Promise<boolean>): Promise<boolean> {
    this.#asking++;
    const allowed = await answer;
    this.#asking--;
    return allowed;
  }

  /** Whether the answer to a question is still waited for. */
  isWaiting(topic: string, question: Question): boolean {
    return this.#byTopic.get(topic)?.isWaiting(question) ?? false;
  }

  /** Joins a wanted topic: from its position on, nothing is missed. */
  join(broadcast: Broadcast): void {
    const subscription = this.#byTopic.get(broadcast.topic);
    if (!subscription) return;
    subscription.join(broadcast);
    this.#note(subscription);
  }

  /** A wanted topic is not to be had. */
  deny(topic: string, code: string): void {
    const subscription = this.#byTopic.get(topic);
    if (!subscription) return;
    subscription.deny(code);
    this.#note(subscription);
  }

  /** Notes that a topic has changed; returns its subscription where the session has it. */
  touch(topic: string): Subscription | undefined {
    const subscription = this.#byTopic.get(topic);
    if (!subscription?.isJoined) return undefined;
    this.#note(subscription);
    return subscription;
  }

  /** Notes what has changed, also where its own turn in this tick comes later. */
  touchBehind(): void {
    for (const subscription of this.#byTopic.values()) {
      if (subscription.isBehind) this.#note(subscription);
    }
  }

  /** Has copies checked. */
  doubt(budget: Budget): void {
    const all = [...this.#byTopic.values()];
    for (let count = Math.min(CHECKED, all.length); count > 0; count--) {
      const subscription = all[this.#turn++ % all.length] as Subscription;
      if (!subscription.isJoined) continue;
      subscription.doubt = budget;
      this.#note(subscription);
    }
  }

  /**
   * Moves what is to be told to the end of `messages`, until they have {@link FULL} bytes.
   *
   * @returns how many bytes those are
   */
  tell(messages: Message[], traffic: Traffic): number {
    const dirty = this.#dirty;
    let size = 0;
    let told = 0;
    for (; told < dirty.length && size < FULL; told++) {
      const subscription = dirty[told] as Subscription;
      subscription.isDirty = false;
      const next = subscription.next();
      const check = subscription.check();
      for (const message of [next, check]) {
        if (!message) continue;
        messages.push(message);
        size += message.size;
      }
      if (!next || !subscription.hasSkipped) continue;
      subscription.hasSkipped = false;
      traffic.caughtUp++;
    }
    if (told > 0) this.#dirty = dirty.slice(told);
    return size;
  }

  #note(subscription: Subscription): void {
    if (subscription.isDirty) return;
    subscription.isDirty = true;
    this.#dirty.push(subscription);
  }

  #clear(subscription: Subscription): void {
    if (!subscription.isDirty) return;
    subscription.isDirty = false;
    this.#dirty.splice(this.#dirty.indexOf(subscription), 1);
  }
}
