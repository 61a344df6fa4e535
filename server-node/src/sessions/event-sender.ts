import { VeloxError } from '@velox/core/protocol';
import type { Traffic } from '../diagnostics/traffic.js';
import type { Message } from '../wire/message.js';
import { DEFAULT_EVENT_LIMITS, type EventLimits, type Sent } from './event-limits.js';
import type { Link } from './link.js';
import { LostReplies, REPLACEMENT_SIZE } from './lost-replies.js';
import { Outbox } from './outbox.js';
import { unpackMessage, type OnCallDropped, type PackedEvents } from './packed-session.js';
import { VolatileBox } from './volatile-box.js';

/** Sends the events of one session. Its outbox is created with the first event: most sessions have none. */
export class EventSender {
  readonly traffic: Traffic;
  readonly #limits: EventLimits;
  #outbox: Outbox | undefined;
  /** Created with the first event that is given up. */
  #lost: LostReplies | undefined;
  /** The reasons for which nothing leaves, if there are any: subscriptions of the client wait for a callback. */
  #holds: Set<object> | undefined;
  /** Created with the first volatile event. */
  #volatile: VolatileBox | undefined;
  #hasEnded = false;

  constructor(traffic: Traffic, limits: EventLimits = DEFAULT_EVENT_LIMITS) {
    this.traffic = traffic;
    this.#limits = limits;
  }

  /** How many events were dropped before the client had them. */
  get dropped(): number {
    return this.#outbox?.dropped ?? 0;
  }

  /** Whether events are to be written. */
  get hasPending(): boolean {
    return !this.#holds && (this.#outbox?.hasPending === true || this.#volatile?.hasPending === true);
  }

  /** Whether written events are not acknowledged. */
  get hasUnacknowledged(): boolean {
    return this.#outbox?.hasUnacknowledged === true;
  }

  /** Adds an event for the present link or the next one. */
  send(message: Message, isUrgent: boolean, link: Link | undefined): Sent {
    const outbox = this.#usable();
    if (!outbox) {
      message.onDrop?.('ended');
      return 'dropped';
    }
    const { dropped } = outbox;
    const isFlowing = link?.isFull === false;
    const isKept = outbox.add(message, isUrgent, isFlowing);
    this.#replaceReplies(outbox);
    if (outbox.dropped > dropped) link?.owed.dropped();
    this.traffic.dropped += outbox.dropped - dropped;
    if (!isKept || outbox.hasOverflowed) return 'dropped';
    return isFlowing && this.hasPending ? 'sent' : 'queued';
  }

  /** Adds an event for the present link alone. */
  sendVolatile(message: Message, key: string, link: Link | undefined): Sent {
    if (!link || !this.#isUsable) return 'dropped';
    (this.#volatile ??= new VolatileBox()).add(message, key, link.isFull);
    return link.isFull || this.#holds ? 'queued' : 'sent';
  }

  /** Holds back all events but urgent ones until the returned function is called. */
  hold(): () => void {
    return this.#usable()?.hold() ?? (() => undefined);
  }

  /** Holds back all events, urgent and volatile ones too, for a reason, or ends that. Returns whether events may leave again. */
  holdAll(isHeld: boolean, reason: object = this): boolean {
    if (isHeld) (this.#holds ??= new Set()).add(reason);
    else if (this.#holds?.delete(reason) && this.#holds.size === 0) {
      this.#holds = undefined;
      return true;
    }
    return false;
  }

  /** Lets all events leave, whatever they wait for. */
  releaseAll(): void {
    this.#holds = undefined;
  }

  /** Goes on over a new link, after the newest number that the client has. */
  resume(ack: number): void {
    const { dropped } = this;
    this.#outbox?.resume(ack);
    if (this.#outbox) this.#replaceReplies(this.#outbox);
    this.traffic.dropped += this.dropped - dropped;
  }

  /** The client refused a frame of its last link. Returns whether an event was dropped, because it was refused twice. */
  refuse(beginning: string, link: Link | undefined): boolean {
    if (!this.#outbox?.refuse(beginning)) return false;
    this.#replaceReplies(this.#outbox);
    this.traffic.dropped++;
    link?.owed.dropped();
    return true;
  }

  /** The client has all events up to a number. Returns whether there is room for something that had none. */
  acknowledge(seq: number): boolean {
    this.#outbox?.acknowledge(seq);
    return !!this.#outbox && this.#replaceReplies(this.#outbox);
  }

  /** The link is lost. */
  suspend(): void {
    this.#volatile?.clear();
  }

  /** Returns the next event to be written. */
  next(): Message | undefined {
    return this.#holds ? undefined : (this.#outbox?.next() ?? this.#volatile?.next());
  }

  /** Returns the only event to be written; undefined if there is none or more than one. */
  takeOnly(): Message | undefined {
    return this.#holds || this.#volatile?.hasPending ? undefined : this.#outbox?.takeOnly();
  }

  /** Takes all events out, for another node; undefined if there was none. */
  pack(): PackedEvents | undefined {
    const packed = this.#outbox?.pack();
    const lostReplies = this.#lost?.calls;
    this.#outbox = this.#lost = this.#volatile = undefined;
    return packed && lostReplies?.length ? { ...packed, lostReplies } : packed;
  }

  /** Goes on with the events of another node; `onCallDropped` as for `unpackMessage`. */
  unpack(packed: PackedEvents, onCallDropped: OnCallDropped): void {
    const outbox = this.#usable();
    if (packed.lostReplies) this.#lost = new LostReplies(packed.lostReplies);
    outbox?.unpack(packed, (message) => unpackMessage(message, onCallDropped));
  }

  /** The session has ended: nothing is kept for it any more. */
  end(): void {
    this.#hasEnded = true;
    this.#outbox?.clear();
    this.#outbox = this.#lost = this.#volatile = undefined;
  }

  /** @throws VeloxError `too-slow` if more events waited than the limits allow, and that ends a session. */
  check(): void {
    if (!this.#outbox?.hasOverflowed) return;
    throw new VeloxError(
      'too-slow',
      'more events waited than the server keeps. Read faster, or ask for less.',
    );
  }

  get #isUsable(): boolean {
    return !this.#hasEnded && this.#outbox?.hasOverflowed !== true;
  }

  #usable(): Outbox | undefined {
    if (!this.#isUsable) return undefined;
    return (this.#outbox ??= new Outbox(this.#limits, (message) => this.#givenUp(message)));
  }

  #givenUp(message: Message): void {
    (this.#lost ??= new LostReplies()).note(message);
  }

  /** Replaces replies that were given up, as far as there is room. Returns whether there was one. */
  #replaceReplies(outbox: Outbox): boolean {
    if (!this.#lost) return false;
    const before = this.#lost.calls.length;
    for (let reply; outbox.hasRoom(REPLACEMENT_SIZE) && (reply = this.#lost.take());) outbox.add(reply);
    if (this.#lost.calls.length > this.#limits.count) outbox.overflow();
    return this.#lost.calls.length < before;
  }
}
