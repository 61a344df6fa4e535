import { randomBytes } from 'node:crypto';
import type { Bye, Position } from '@velox/core/protocol';
import type { Broadcast } from './broadcast.js';
import { message, type Message } from './message.js';
import { FULL, type Outlet } from './outlet.js';

/** One topic that one session wants. */
interface Subscription {
  /** Undefined while the session may not have it: asked for, held, denied, or unknown. */
  broadcast: Broadcast | undefined;
  /** What the client has; versions that were written count. */
  known: Partial<Position>;
  /** Whether no state frame of the topic has left on this link. */
  first: boolean;
}

/** One client on the server. State needs no queue: what a full outlet misses is caught up in one step when it drains. */
export class Session {
  /** Secret and random (128 bits): whoever knows it is this client. */
  readonly id: string = randomBytes(16).toString('base64url');
  readonly context: unknown;
  readonly identity: string | undefined;
  readonly #outlet: Outlet;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #dirty = new Set<string>();
  #waiting: Message[] = [];
  #full = false;

  constructor(outlet: Outlet, context: unknown, identity: string | undefined) {
    this.#outlet = outlet;
    this.context = context;
    this.identity = identity;
  }

  get transport(): string {
    return this.#outlet.transport;
  }

  /** The topics that this session wants, whether it may have them or not. */
  get topics(): ReadonlyMap<string, unknown> {
    return this.#subscriptions;
  }

  /** Notes that a topic is wanted from a position. Nothing of it leaves before `join`. */
  want(topic: string, known: Partial<Position>): void {
    this.#subscriptions.set(topic, { broadcast: undefined, known, first: true });
    this.#dirty.delete(topic);
  }

  /** Joins a wanted topic: from its position on, nothing is missed. The catch-up leaves with the next `deliver`. */
  join(broadcast: Broadcast): void {
    const subscription = this.#subscriptions.get(broadcast.topic);
    if (!subscription || subscription.broadcast === broadcast) return;
    subscription.broadcast = broadcast;
    subscription.first = true;
    this.#dirty.add(broadcast.topic);
  }

  /** Nothing of the topic leaves until it is joined again. Returns whether it is wanted. */
  hold(topic: string): boolean {
    const subscription = this.#subscriptions.get(topic);
    if (subscription) subscription.broadcast = undefined;
    this.#dirty.delete(topic);
    return subscription !== undefined;
  }

  drop(topic: string): void {
    this.#subscriptions.delete(topic);
    this.#dirty.delete(topic);
  }

  /** Marks a topic as changed. */
  touch(topic: string): void {
    this.#dirty.add(topic);
  }

  /** Puts a frame that is not a topic's state before what the next `deliver` writes. */
  send(frame: object): void {
    this.#waiting.push(message(frame));
  }

  /** Writes what is due, in as few writes as the outlet takes. */
  deliver(): void {
    while (!this.#full && (this.#waiting.length > 0 || this.#dirty.size > 0)) {
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
    if (!this.#full) this.#full = !this.#outlet.write([ping]);
  }

  drained(): void {
    this.#full = false;
    this.deliver();
  }

  /** Says goodbye and closes. */
  close(code: number, bye: Bye): void {
    this.#outlet.write([...this.#waiting, message({ bye })]);
    this.#waiting = [];
    this.#dirty.clear();
    this.#full = true; // nothing follows a goodbye
    this.#outlet.close(code, bye.code);
  }

  #next(topic: string): Message | undefined {
    const subscription = this.#subscriptions.get(topic);
    const broadcast = subscription?.broadcast;
    if (!broadcast) return undefined;
    const position = broadcast.state.position();
    const version = broadcast.resume(subscription.known);
    if (version === position.version && !subscription.first) return undefined;
    const next = broadcast.message(version, subscription.first);
    subscription.known = position;
    subscription.first = false;
    return next;
  }
}
