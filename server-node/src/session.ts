import { randomBytes } from 'node:crypto';
import { Outbox, type Bye, type Position } from '@velox/core/protocol';
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

/** What is kept for a client until it has acknowledged it; the size in characters of JSON. */
const EVENTS = { count: 1_000, size: 1 << 20 };

/**
 * One client on the server; it outlives its links. State needs no queue: what a full outlet misses is caught up in one step when
 * it drains. Events wait in a bounded one until the client has them.
 */
export class Session {
  /** Secret and random (128 bits): whoever knows it is this client. */
  readonly id: string = randomBytes(16).toString('base64url');
  admission: Admission;
  readonly #onDue: (session: Session) => void;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #dirty = new Set<string>();
  readonly #outbox = new Outbox<Message>(EVENTS);
  #outlet: Outlet | undefined;
  /** Frames that are neither state nor numbered; they leave first. */
  #notices: Message[] = [];
  /** The newest event that was written on this link, and the newest frame that was taken from the client. */
  #sent = 0;
  #taken = 0;
  #owesAck = false;
  #full = false;

  /** @param onDue called when there is something for `deliver` to write */
  constructor(admission: Admission, onDue: (session: Session) => void) {
    this.admission = admission;
    this.#onDue = onDue;
  }

  /** What the application knows its client by: what `authorize` gave. */
  get context(): unknown {
    return this.admission.context;
  }

  get identity(): string | undefined {
    return this.admission.identity;
  }

  /** The name of the transport of the live link; undefined while there is none. */
  get transport(): string | undefined {
    return this.#outlet?.transport;
  }

  /** The newest numbered frame that was taken from the client. */
  get taken(): number {
    return this.#taken;
  }

  /** How many events were dropped because too many waited. */
  get dropped(): number {
    return this.#outbox.dropped;
  }

  /** The topics that this session wants, whether it may have them or not. */
  get topics(): Iterable<string> {
    return this.#subscriptions.keys();
  }

  /** Goes on over a new link; `ack` is the newest event that the client has. Topics are subscribed anew on each link. */
  attach(outlet: Outlet, ack: number): void {
    const former = this.#outlet;
    this.#outlet = outlet;
    this.#notices = [];
    this.#full = this.#owesAck = false;
    this.#outbox.acknowledge(ack);
    this.#sent = Math.min(ack, this.#outbox.last);
    former?.close(4000, 'replaced');
  }

  /** Notes that a link ended; returns whether it was the live one. */
  detach(outlet: Outlet): boolean {
    if (this.#outlet !== outlet) return false;
    this.#outlet = undefined;
    return true;
  }

  /** Sends an event: in order, after the state that led to it, and again on the next link if this one fails. */
  emit(event: string, data: unknown): void {
    this.#outbox.add(
      (seq) => message({ event, data, seq }),
      ({ text }) => text.length,
    );
    this.#onDue(this);
  }

  /** Whether a numbered frame of the client is new; a repetition is to be passed over. */
  take(seq: number): boolean {
    this.#owesAck = true;
    if (seq <= this.#taken) return false;
    this.#taken = seq;
    return true;
  }

  /** The client has all events up to a number. */
  acknowledge(seq: number): void {
    this.#outbox.acknowledge(seq);
  }

  /** What an answer to a POST acknowledges need not be said again. */
  acknowledged(): void {
    this.#owesAck = false;
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
    this.#onDue(this);
  }

  /** Tells the client that it does not get a wanted topic. */
  deny(topic: string, code: string): void {
    const subscription = this.#subscriptions.get(topic);
    if (subscription) subscription.question = undefined;
    this.notify({ denied: topic, code });
  }

  drop(topic: string): void {
    this.#subscriptions.delete(topic);
    this.#dirty.delete(topic);
  }

  /** Marks a topic as changed. */
  touch(topic: string): void {
    if (!this.#subscriptions.get(topic)?.broadcast) return;
    this.#dirty.add(topic);
    this.#onDue(this);
  }

  /** Sends a frame that is not a topic's state and need not outlive the link. */
  notify(frame: object): void {
    this.#notices.push(message(frame));
    this.#onDue(this);
  }

  /** Writes what is due, in as few writes as the outlet takes: notices, then state, then events. */
  deliver(): void {
    while (this.#outlet && !this.#full) {
      const messages = this.#collect();
      if (messages.length === 0) return;
      this.#full = !this.#outlet.write(messages);
    }
  }

  /** A sign of life, unless the outlet is full: then bytes are on their way as it is. */
  ping(ping: Message): void {
    if (this.#outlet && !this.#full) this.#full = !this.#outlet.write([ping]);
  }

  /** An outlet has room again. */
  drained(outlet: Outlet): void {
    if (this.#outlet !== outlet) return;
    this.#full = false;
    this.deliver();
  }

  /** Says goodbye and closes the link; nothing follows on it. */
  close(code: number, bye: Bye): void {
    const outlet = this.#outlet;
    this.#outlet = undefined;
    outlet?.write([...this.#notices, message({ bye })]);
    outlet?.close(code, bye.code);
  }

  /** What goes into the next write: at most {@link FULL} and one message, so that the rest goes only if the outlet takes that. */
  #collect(): Message[] {
    const messages = this.#notices;
    this.#notices = [];
    if (this.#owesAck) messages.push(message({ ack: this.#taken }));
    this.#owesAck = false;
    let size = 0;
    if (this.#sent < this.#outbox.last) this.#touchDue();
    for (const topic of this.#dirty) {
      if (size >= FULL) return messages;
      this.#dirty.delete(topic);
      const next = this.#next(topic);
      if (!next) continue;
      messages.push(next);
      size += next.text.length;
    }
    if (this.#sent >= this.#outbox.last) return messages;
    for (const { seq, item } of this.#outbox.since(this.#sent)) {
      if (size >= FULL) return messages;
      messages.push(item);
      size += item.text.length;
      this.#sent = seq;
    }
    return messages;
  }

  /** Before an event, what led to it: also state whose own turn in this tick comes later. */
  #touchDue(): void {
    for (const [topic, { broadcast }] of this.#subscriptions) {
      if (broadcast?.state.isDue) this.#dirty.add(topic);
    }
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
