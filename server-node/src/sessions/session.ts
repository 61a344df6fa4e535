import { CloseCode, type Budget, type Bye } from '@velox/core/protocol';
import type { Admission } from '../access/admission.js';
import type { Subscriber } from '../topics/subscriber.js';
import type { Subscription } from '../topics/subscription.js';
import { Subscriptions } from '../topics/subscriptions.js';
import type { Message } from '../wire/message.js';
import { FULL_BYTES, type Outlet } from '../wire/outlet.js';
import type { Sent } from './event-limits.js';
import { eventMessage } from './event-message.js';
import type { EventSender } from './event-sender.js';
import { Inbox } from './inbox.js';
import { Link, type Greeting } from './link.js';
import { Liveness } from './liveness.js';
import type { MadeCalls } from './made-calls.js';
import type { Redirect } from './redirect.js';
import type { RateLimit } from '../access/rate-limit.js';

type OnDue = (session: Session) => void;

/**
 * One client on the server; it outlives its links. Only events are queued. A topic that met a full outlet is caught up in one step when
 * the outlet drains, and every other frame is owed once, however often there was a reason for it.
 */
export class Session implements Subscriber {
  /** Secret and random (122 bits, RFC 9562 §5.4). A request with this secret acts as this client. */
  readonly id: string;
  /** A newer one has the same identity. */
  admission: Admission;
  readonly rate: RateLimit;
  readonly topics: Subscriptions;
  readonly liveness: Liveness = new Liveness();
  /** How many links it has had, the live one included. */
  links = 0;
  /** Its public name, which it keeps after its end: set by the names of its hub. */
  name = '';
  /** Its optimistic calls, if it has made any: set by the one that answers them. */
  made: MadeCalls | undefined;
  /** Whether the client may resume it: it has sent an open frame or the session's id. A plain `EventSource` does neither. */
  isResumable = false;
  /** Whether it has ended for good. */
  hasEnded = false;
  /** Set while it moves between nodes, and after it has gone. */
  redirect: Redirect | undefined;
  /** The frames of its client on their way in. */
  readonly inbox: Inbox = new Inbox();
  /** Whether it is one of the next delivery: set by `Deliveries`. */
  isDue = false;
  readonly #onDue: OnDue;
  /** Its events on their way to the client. */
  readonly events: EventSender;
  /** The live link. */
  link: Link | undefined;

  /** @param onDue called when there is something for `deliver` to write */
  constructor(admission: Admission, rate: RateLimit, events: EventSender, onDue: OnDue, id: string) {
    this.id = id;
    this.admission = admission;
    this.rate = rate;
    this.topics = new Subscriptions(events.traffic);
    this.events = events;
    this.#onDue = onDue;
  }

  /** The result of `authorize`: how the application knows its client. */
  get context(): unknown {
    return this.admission.context;
  }

  get identity(): string | undefined {
    return this.admission.identity;
  }

  /** The name of the live link's transport; undefined without a link. */
  get transport(): string | undefined {
    return this.link?.outlet.transport;
  }

  /** The number up to which the client's frames were taken, and need not be sent to another server. */
  get taken(): number {
    return this.inbox.acknowledgeable;
  }

  /** How many events were dropped before the client had them. */
  get dropped(): number {
    return this.events.dropped;
  }

  get outlet(): Outlet | undefined {
    return this.link?.outlet;
  }

  /** Notes that it has ended: nothing is kept for it any more. */
  end(): void {
    this.hasEnded = true;
    this.events.end();
  }

  /** Goes on over a new link; `ack` is the newest event that the client has. Topics are subscribed again on each link. */
  attach(outlet: Outlet, ack: number): void {
    this.replaceLink(new Link(outlet, ++this.links, this.dropped));
    this.inbox.resume();
    this.events.resume(ack);
  }

  /** Notes that a link ended; returns whether it was the live one. */
  detach(outlet: Outlet): boolean {
    if (this.link?.outlet !== outlet) return false;
    this.link = undefined;
    this.events.suspend();
    return true;
  }

  /** Says hello, as the first frame of the live link; `common` is the result of `commonHello`. */
  greet(greeting: Greeting, common: string): void {
    this.link?.greet(this.dropped > 0 ? { ...greeting, dropped: this.dropped } : greeting, common);
    this.#onDue(this);
  }

  /**
   * Sends an event in order, after earlier changes of state, and again on the next link if this one fails. Sessions may share a message.
   *
   * @param isUrgent whether it overtakes the events that `holdEvents` holds back
   */
  send(message: Message, isUrgent = false): Sent {
    return this.redirect?.send(message, { isUrgent }) ?? this.enqueue(message, isUrgent);
  }

  /** The same, past `redirect`. */
  enqueue(message: Message, isUrgent: boolean): Sent {
    const sent = this.events.send(message, isUrgent, this.link);
    this.#onDue(this);
    return sent;
  }

  /** Sends an event of this session alone. @throws VeloxError `not-json`, `too-large`; then nothing has changed. */
  emit(event: string, data: unknown): void {
    this.send(eventMessage(event, data));
  }

  /** Sends an event that may be lost: without a link, or to a newer one of its key while the outlet is full. */
  sendVolatile(message: Message, key: string): Sent {
    return this.redirect?.send(message, { volatileKey: key }) ?? this.enqueueVolatile(message, key);
  }

  /** The same, past `redirect`. */
  enqueueVolatile(message: Message, key: string): Sent {
    const sent = this.events.sendVolatile(message, key, this.link);
    this.#onDue(this);
    return sent;
  }

  /** Holds back all events but urgent ones until the returned function is called. */
  holdEvents(): () => void {
    const release = this.events.hold();
    return () => (release(), this.#onDue(this));
  }

  /** Holds back all events while the client's subscriptions wait for a callback, or ends that; `reason` is the callback, if several run. */
  holdForTopics(isHeld: boolean, reason?: object): void {
    if (this.events.holdAll(isHeld, reason)) this.#onDue(this);
  }

  /** Whether a numbered frame of the client, of so many bytes, is new; false for a repetition. @throws VeloxError `bad-frame`. */
  take(seq: number | undefined, bytes: number): boolean {
    const isNew = this.inbox.take(seq, bytes);
    if (this.inbox.isAckDue) this.oweAck();
    return isNew;
  }

  /** The next delivery acknowledges the client's frames. */
  oweAck(): void {
    this.inbox.noteAcked();
    this.link?.owed.ack();
    this.#onDue(this);
  }

  /** The answer to a POST has acknowledged the client's frames. */
  noteAcked(): void {
    this.inbox.noteAcked();
    this.link?.owed.noteAcked();
  }

  /** The client has all events up to a number. */
  receiveAck(seq: number): void {
    this.liveness.answered();
    if (this.events.acknowledge(seq)) this.#onDue(this);
  }

  /** Notes that a frame or a request of the client arrived. */
  heard(): void {
    this.liveness.heard();
    this.link?.heard();
  }

  /** A topic may have a frame for the client. It leaves with the next `deliver`. */
  touch(subscription: Subscription): void {
    this.topics.touch(subscription, this.link?.isFull === true);
    this.#onDue(this);
  }

  /** Sends a sign of life, or asks for one. */
  ping(isAsking = false): void {
    this.link?.owed[isAsking ? 'ask' : 'ping']();
    this.#onDue(this);
  }

  /** Sends the heartbeat of that number, with checks of the client's copies. Returns whether it asks for an acknowledgement. */
  beat(budget: Budget, heartbeat: number): boolean {
    const link = this.link;
    if (!link || link.isFull) return false;
    this.topics.doubt(budget);
    if (this.inbox.hasUnacknowledged) this.oweAck();
    // An answer over a link that goes one way is a POST: every second heartbeat has to do.
    const asks =
      (this.liveness.isWatched || this.events.hasUnacknowledged) &&
      (link.outlet.isTwoWay || heartbeat % 2 === 0);
    if (asks) link.ask(heartbeat);
    this.ping();
    return asks;
  }

  /** Whether a client that has acknowledged before has sent nothing since the request of that heartbeat. */
  isSilentSince(heartbeat: number): boolean {
    return this.liveness.hasAnswered && !!this.link?.isSilentSince(heartbeat);
  }

  /** An outlet has room again. */
  drained(outlet: Outlet): void {
    if (this.link?.outlet !== outlet) return;
    this.link.drained();
    this.heard();
    this.#onDue(this);
  }

  /** Collects what `deliver` will write first. @throws VeloxError `too-slow` if too many events waited. */
  prepare(): void {
    this.events.check();
    const link = this.link;
    if (link?.isReady) link.prepare(this.#collect(link));
  }

  /** Writes the pending messages in as few writes as the outlet takes: answers, then topics, then events. */
  deliver(isLast = false): void {
    for (let link; (link = this.link) && (isLast ? link.takesLast() : !link.isFull);) {
      this.prepare();
      link.write();
      if (!this.topics.hasDirty && !this.events.hasPending) return;
    }
  }

  /** Writes everything that is pending before a goodbye, as far as the outlet takes it. */
  deliverLast(): void {
    this.events.releaseAll();
    this.deliver(true);
  }

  /** Says goodbye and closes the link; nothing follows on it. The client gives another hub only frames that are not acknowledged. */
  close(code: number, bye: Bye): void {
    const link = this.link;
    this.link = undefined;
    link?.close(code, bye, this.taken);
  }

  /** Ends the link for a newer one; without `next`, that is on another node. */
  replaceLink(next?: Link): void {
    const former = this.link;
    this.link = next;
    former?.outlet.close(CloseCode.closed, 'replaced');
  }

  /** Collects the next write: at most {@link FULL_BYTES} and one message, so that the rest goes only if the outlet takes that. */
  #collect(link: Link): readonly Message[] {
    const only = link.owed.hasPending || this.topics.hasDirty ? undefined : this.events.takeOnly();
    if (only) return [only];
    const messages = link.owed.take(this.taken, this.dropped);
    let size = this.topics.tell(messages);
    for (let next; size < FULL_BYTES && (next = this.events.next()); size += next.size) messages.push(next);
    return messages;
  }
}
