import { randomBytes } from 'node:crypto';
import type { Bye, Position } from '@velox/core/protocol';
import type { Admission } from './admission.js';
import type { Broadcast } from './broadcast.js';
import { message, type Message } from './message.js';
import { FULL, type Outlet } from './outlet.js';

/** One topic that one session wants. */
interface Subscription {
  /** Undefined while the session may not have it: asked for, held, denied, or unknown. */
  broadcast: Broadcast | undefined;
  /** What the client has; a version that was written counts. */
  known: Partial<Position>;
  /** Whether no state frame of the topic has left since it was joined. */
  first: boolean;
  /** Stands for the newest question whether the session may have it. */
  question: symbol | undefined;
}

/** One client on the server. State needs no queue: what a full outlet misses is caught up in one step when it drains. */
export class Session {
  /** Secret and random (128 bits): whoever knows it is this client. */
  readonly id: string = randomBytes(16).toString('base64url');
  readonly admission: Admission;
  readonly #outlet: Outlet;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #dirty = new Set<string>();
  #waiting: Message[] = [];
  #full = false;
  #ended = false;

  constructor(outlet: Outlet, admission: Admission) {
    this.#outlet = outlet;
    this.admission = admission;
  }

  get transport(): string {
    return this.#outlet.transport;
  }

  /** The topics that this session wants, whether it may have them or not. */
  get topics(): Iterable<string> {
    return this.#subscriptions.keys();
  }

  /** Notes that a topic is wanted from a position; returns how many are. Nothing of it leaves before `join`. */
  want(topic: string, known: Partial<Position>): number {
    this.#dirty.delete(topic);
    const subscription = { broadcast: undefined, known, first: true, question: undefined };
    return this.#subscriptions.set(topic, subscription).size;
  }

  /** Nothing of a wanted topic leaves until the question that this returns is answered by `join` or `deny`. */
  hold(topic: string): symbol {
    const question = Symbol(topic);
    const subscription = this.#subscriptions.get(topic);
    if (subscription) {
      subscription.broadcast = undefined;
      subscription.question = question;
    }
    this.#dirty.delete(topic);
    return question;
  }

  /** Whether the answer to a question is still waited for. */
  isWaiting(topic: string, question: symbol): boolean {
    return this.#subscriptions.get(topic)?.question === question;
  }

  /** Joins a wanted topic: from its position on, nothing is missed. The catch-up leaves with the next `deliver`. */
  join(broadcast: Broadcast): void {
    const subscription = this.#subscriptions.get(broadcast.topic);
    if (!subscription) return;
    subscription.broadcast = broadcast;
    subscription.question = undefined;
    subscription.first = true;
    this.#dirty.add(broadcast.topic);
  }

  /** Tells the client that it does not get a wanted topic. */
  deny(topic: string, code: string): void {
    const subscription = this.#subscriptions.get(topic);
    if (subscription) subscription.question = undefined;
    this.send({ denied: topic, code });
  }

  drop(topic: string): void {
    this.#subscriptions.delete(topic);
    this.#dirty.delete(topic);
  }

  /** Marks a topic as changed; returns whether this session has it. */
  touch(topic: string): boolean {
    if (!this.#subscriptions.get(topic)?.broadcast) return false;
    this.#dirty.add(topic);
    return true;
  }

  /** Puts a frame that is not a topic's state before what the next `deliver` writes. */
  send(frame: object): void {
    this.#waiting.push(message(frame));
  }

  /** Writes what is due, in as few writes as the outlet takes. */
  deliver(): void {
    while (!this.#full && !this.#ended && (this.#waiting.length > 0 || this.#dirty.size > 0)) {
      const messages = this.#waiting;
      this.#waiting = [];
      let size = 0;
      for (const topic of this.#dirty) {
        this.#dirty.delete(topic);
        const next = this.#next(topic);
        if (!next) continue;
        messages.push(next);
        size += next.text.length;
        if (size >= FULL) break; // the rest only if the outlet takes this much at once
      }
      if (messages.length > 0) this.#full = !this.#outlet.write(messages);
    }
  }

  /** A sign of life, unless the outlet is full: then bytes are on their way as it is. */
  ping(ping: Message): void {
    if (!this.#full && !this.#ended) this.#full = !this.#outlet.write([ping]);
  }

  drained(): void {
    this.#full = false;
    this.deliver();
  }

  /** Says goodbye and closes; nothing follows. */
  close(code: number, bye: Bye): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outlet.write([...this.#waiting, message({ bye })]);
    this.#outlet.close(code, bye.code);
  }

  #next(topic: string): Message | undefined {
    const subscription = this.#subscriptions.get(topic);
    if (!subscription?.broadcast) return undefined;
    const { broadcast, first, known } = subscription;
    const position = broadcast.state.position();
    const version = broadcast.resume(known);
    if (version === position.version && !first) return undefined;
    subscription.known = position;
    subscription.first = false;
    return broadcast.message(version, first);
  }
}
