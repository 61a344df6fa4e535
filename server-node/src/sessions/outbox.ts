import type { Message } from '../wire/message.js';
import { MOST_EVENT_BYTES, numbered } from './event-message.js';
import { VolatileBox } from './volatile-box.js';

/** The most events that are kept for a client. */
const MOST_EVENTS = 1_000;

/**
 * The events of one session on their way to its client. An event gets its number when it is taken to be written, and is kept until the
 * client has acknowledged it. Numbers have no holes: a new link goes on after the newest number that the client has.
 *
 * Messages are shared by the sessions that receive them. A message without a number (`isNumbered` false) leaves at most once.
 */
export class Outbox {
  /** Events of this link that are not acknowledged, from number `#base + 1` on. */
  #sent: Message[] = [];
  /** Messages that were not written on this link. */
  #waiting: Message[] = [];
  /** Bytes of both. */
  #size = 0;
  /** The number before the first of `#sent`. */
  #base = 0;
  /** The newest number that the client has acknowledged. Events from here to `#base` were written and dropped. */
  #acknowledged = 0;
  /** Whether an event was written on this link: the client can derive the number of the next one. */
  #hasWritten = false;
  #dropped = 0;
  /** The number of the event that the client refused. */
  #refused = 0;
  /** Created with the first volatile event. */
  #volatile: VolatileBox | undefined;

  /** Whether messages are to be written. */
  get hasPending(): boolean {
    return this.#waiting.length > 0 || this.#volatile?.hasPending === true;
  }

  /** Whether written events are not acknowledged. */
  get hasUnacknowledged(): boolean {
    return this.#sent.length > 0;
  }

  /** How many events the client has not received because too many were kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds a message. Above the limits, the oldest are dropped. */
  add(message: Message): void {
    this.#waiting.push(message);
    this.#size += message.size;
    while (this.#sent.length + this.#waiting.length > MOST_EVENTS || this.#size > MOST_EVENT_BYTES) {
      this.#dropOldest();
    }
  }

  /** Adds an event that may be lost. While the outlet is full, the newest one of each key waits. */
  addVolatile(message: Message, key: string, isFull: boolean): void {
    (this.#volatile ??= new VolatileBox()).add(message, key, isFull);
  }

  /** The link is lost, and volatile events with it. */
  forgetVolatile(): void {
    this.#volatile?.clear();
  }

  /** Goes on over a new link, after the newest number that the client has. */
  resume(ack: number): void {
    this.acknowledge(ack);
    this.#dropped += this.#base - this.#acknowledged; // the client would have acknowledged them
    this.#base = this.#acknowledged;
    this.#waiting = [...this.#sent, ...this.#waiting];
    this.#sent = [];
    this.#hasWritten = false;
  }

  /**
   * The client ended its last link because of a frame. If that was the next event, and for the second time, the event is dropped: it would
   * end each link, and nothing behind it would ever arrive.
   *
   * @param beginning the first characters of the frame
   * @returns whether an event was dropped
   */
  refuse(beginning: string): boolean {
    const [next] = this.#waiting;
    const seq = this.#base + 1;
    if (!next || ![next, numbered(next, seq)].some(({ text }) => text.startsWith(beginning))) return false;
    const isAgain = this.#refused === seq;
    this.#refused = isAgain ? 0 : seq;
    if (isAgain) this.#dropOldest();
    return isAgain;
  }

  /** The client has all events up to a number. A number that was not written yet counts as the newest written one. */
  acknowledge(seq: number): void {
    const last = this.#base + this.#sent.length;
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(seq, last));
    const count = this.#acknowledged - this.#base;
    if (count <= 0) return;
    for (const { size } of this.#sent.splice(0, count)) this.#size -= size;
    this.#base = this.#acknowledged;
  }

  /** Returns the next message to be written, which then counts as written. */
  next(): Message | undefined {
    const message = this.#waiting.shift();
    if (!message) return this.#volatile?.next();
    if (!message.isNumbered) {
      this.#size -= message.size;
      return message;
    }
    this.#sent.push(message);
    if (this.#hasWritten) return message;
    this.#hasWritten = true;
    return numbered(message, this.#base + this.#sent.length);
  }

  /** Drops the oldest message. One that was written may have arrived: it counts when a new link shows that it has not. */
  #dropOldest(): void {
    let oldest = this.#sent.shift();
    if (oldest) this.#base++;
    else if ((oldest = this.#waiting.shift())?.isNumbered) this.#dropped++;
    this.#size -= oldest?.size ?? 0;
  }
}
