import { randomUUID } from 'node:crypto';
import type { Budget, Bye, Hello } from '@velox/core/protocol';
import type { Admission } from '../access/admission.js';
import type { Broadcast } from '../topics/broadcast.js';
import { Outbox } from './outbox.js';
import { message, type Message } from '../wire/message.js';
import { FULL, type Outlet } from '../wire/outlet.js';
import type { RateLimit } from './rate-limit.js';
import type { Subscriber } from '../topics/subscriber.js';
import { Subscriptions } from '../topics/subscriptions.js';
import type { Traffic } from '../diagnostics/traffic.js';

/** A sign of life, the same for everybody. */
const PING: Message = message({ ping: true });

/**
 * One client on the server; it outlives its links. Nothing here needs a queue but events: of a topic, what a full outlet misses is
 * caught up in one step when it drains, and all else is owed once, however often there was a reason for it.
 */
export class Session implements Subscriber {
  /** Secret and random (122 bits, RFC 9562 §5.4; Node draws for many at a time): whoever knows it is this client. */
  readonly id: string = randomUUID();
  admission: Admission;
  /** How fast it may send frames. */
  readonly rate: RateLimit;
  readonly #onDue: (session: Session) => void;
  readonly #traffic: Traffic;
  readonly topics: Subscriptions = new Subscriptions();
  /** Whether it is among those that the hub delivers to next. */
  isDue = false;
  /** Made with the first: most sessions have none. */
  #events: Outbox | undefined;
  #outlet: Outlet | undefined;
  #links = 0;
  /** The newest POST of the live link. */
  #posts = 0;
  #full = false;
  #prepared: Message[] | undefined;
  /** What this link is owed beside topics and events. */
  #hello: Message | undefined;
  #owesAck = false;
  #owesPing = false;
  /** The newest frame that was taken from the client. */
  #taken = 0;

  /** @param onDue called when there is something for `deliver` to write */
  constructor(admission: Admission, rate: RateLimit, traffic: Traffic, onDue: (session: Session) => void) {
    this.admission = admission;
    this.rate = rate;
    this.#traffic = traffic;
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

  /** Whether the client has named it: only such a one can be come back to. A plain GET does not know that there are sessions. */
  isNamed = false;

  /** How many links it has had, the live one included. */
  get links(): number {
    return this.#links;
  }

  /** The newest numbered frame that was taken from the client. */
  get taken(): number {
    return this.#taken;
  }

  /** How many events were dropped before the client had them. */
  get dropped(): number {
    return this.#events?.dropped ?? 0;
  }

  /** Bytes that wait in its outlet. */
  get waiting(): number {
    return this.#outlet?.waiting ?? 0;
  }

  /** Goes on over a new link; `ack` is the newest event that the client has. Topics are subscribed anew on each link. */
  attach(outlet: Outlet, ack: number): void {
    const former = this.#outlet;
    this.#outlet = outlet;
    this.#links++;
    this.#posts = 0;
    this.#full = this.#owesAck = this.#owesPing = false;
    this.#prepared = undefined;
    this.#events?.resume(ack);
    former?.close(4000, 'replaced');
  }

  /** Notes that a link ended; returns whether it was the live one. */
  detach(outlet: Outlet): boolean {
    if (this.#outlet !== outlet) return false;
    this.#outlet = undefined;
    return true;
  }

  /** The first frame of a link. */
  greet(hello: Hello): void {
    this.#hello = message({ hello: { ...hello, link: this.#links } });
    this.#onDue(this);
  }

  /**
   * Sends an event: in order, after the state that led to it, and again on the next link if this one fails.
   *
   * @throws VeloxError `not-json`, `too-large`; then nothing has changed.
   */
  emit(event: string, data: unknown): void {
    (this.#events ??= new Outbox()).add(event, data);
    this.#onDue(this);
  }

  /** Whether a numbered frame of the client is new; a repetition is to be passed over. */
  take(seq: number): boolean {
    this.#owesAck = true;
    this.#onDue(this);
    if (seq <= this.#taken) return false;
    this.#taken = seq;
    return true;
  }

  /** Whether a POST of the live link is new; a repetition is to be passed over. One without a number (NaN) counts as new. */
  takePost(number: number): boolean {
    if (number <= this.#posts) return false;
    this.#posts = number || this.#posts;
    return true;
  }

  /** The client has all events up to a number. */
  acknowledge(seq: number): void {
    this.#events?.acknowledge(seq);
  }

  /** What an answer to a POST acknowledges need not be said again. */
  acknowledged(): void {
    this.#owesAck = false;
  }

  /** Joins a wanted topic. The catch-up leaves with the next `deliver`. */
  join(broadcast: Broadcast): void {
    this.topics.join(broadcast);
    this.#onDue(this);
  }

  /** Tells the client that it does not get a wanted topic. */
  deny(topic: string, code: string): void {
    this.topics.deny(topic, code);
    this.#onDue(this);
  }

  /** Marks a topic as changed. */
  touch(topic: string): void {
    const subscription = this.topics.touch(topic);
    if (!subscription) return;
    if (this.#full) {
      subscription.hasSkipped = true;
      this.#traffic.skipped++;
    }
    this.#onDue(this);
  }

  /** A sign of life. */
  ping(): void {
    this.#owesPing = true;
    this.#onDue(this);
  }

  /**
   * The same as the heartbeat has it, with checks of the client's copies: not where the outlet is full, for then bytes are on their way
   * as it is.
   */
  beat(budget: Budget): void {
    if (!this.#outlet || this.#full) return;
    this.topics.doubt(budget);
    this.ping();
  }

  /** An outlet has room again. */
  drained(outlet: Outlet): void {
    if (this.#outlet !== outlet) return;
    this.#full = false;
    this.#onDue(this);
  }

  /** Collects what `deliver` will write first. */
  prepare(): void {
    if (this.#outlet && !this.#full) this.#prepared ??= this.#collect();
  }

  /** Writes what is due, in as few writes as the outlet takes: what is owed, then topics, then events. */
  deliver(): void {
    do {
      if (!this.#outlet || this.#full) return;
      const messages = this.#prepared ?? this.#collect();
      this.#prepared = undefined;
      if (messages.length > 0) this.#full = !this.#outlet.write(messages);
    } while (this.topics.areDirty || this.#events?.hasPending);
  }

  /** Says goodbye and closes the link; nothing follows on it. */
  close(code: number, bye: Bye): void {
    const outlet = this.#outlet;
    this.#outlet = undefined;
    const farewell = message({ bye });
    try {
      outlet?.write([...(this.#prepared ?? []), ...(this.#hello ? [this.#hello] : []), farewell]);
    } finally {
      outlet?.close(code, bye.code);
    }
  }

  /** What goes into the next write: at most {@link FULL} and one message, so that the rest goes only if the outlet takes that. */
  #collect(): Message[] {
    const messages = this.#owed();
    const events = this.#events;
    if (events?.hasPending) this.topics.touchBehind();
    let size = this.topics.tell(messages, this.#traffic);
    if (size >= FULL || !events) return messages;
    for (const event of events.take()) {
      messages.push(event);
      size += event.size;
      if (size >= FULL) break;
    }
    return messages;
  }

  #owed(): Message[] {
    const messages: Message[] = [];
    if (this.#hello) messages.push(this.#hello);
    if (this.#owesAck) messages.push(message({ ack: this.#taken }));
    if (this.#owesPing) messages.push(PING);
    this.#hello = undefined;
    this.#owesAck = this.#owesPing = false;
    return messages;
  }
}
