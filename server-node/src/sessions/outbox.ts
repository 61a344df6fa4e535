import type { Message } from '../wire/message.js';
import { DEFAULT_EVENT_LIMITS, type DropCode, type EventLimits } from './event-limits.js';
import { numbered } from './event-message.js';
import { Lanes, lengthOf } from './lanes.js';
import { OutboxNumbers } from './outbox-numbers.js';
import { packMessage, type PackedEvents, type PackedMessage } from './packed-session.js';

/**
 * The events of one session on their way to its client. An event gets its number when it is taken to be written, and is kept until the
 * client has acknowledged it. It keeps its number on later links, see DECISIONS.md. Numbers of dropped events are left out.
 * Messages are shared by the sessions that receive them. A message without a number (`isNumbered` false) leaves at most once.
 */
export class Outbox {
  readonly #limits: EventLimits;
  readonly #onGivenUp: ((message: Message) => void) | undefined;
  /**
   * The events of this link that are written and not acknowledged, from the first number on; then the waiting messages, unless
   * `#lanes` has them. A message moves from one to the other by a count: most sessions need nothing else.
   */
  #queue: Message[] = [];
  /** How many of `#queue` are written on this link. */
  #written = 0;
  /** How many of `#queue` have a number: those, and the events of former links that are to be written again. */
  #numbered = 0;
  /** The waiting messages, once channels or a recovery change their order. */
  #lanes: Lanes | undefined;
  /** Messages that overtake those, and undefined while nothing did. */
  #urgent: Message[] | undefined;
  /** How many recoveries hold back everything that is not urgent. */
  #holds = 0;
  /** Bytes of the events that are kept. */
  size = 0;
  readonly #numbers = new OutboxNumbers();
  /** How many events the client has not received because too many were kept. */
  dropped = 0;
  /** The number of the event that the client refused. */
  #refused = 0;
  /** Whether the limits were exceeded and the session has to end. */
  hasOverflowed = false;

  /** @param onGivenUp called with each message that is given up, unless the session ends */
  constructor(limits: EventLimits = DEFAULT_EVENT_LIMITS, onGivenUp?: (message: Message) => void) {
    this.#limits = limits;
    this.#onGivenUp = onGivenUp;
  }

  /** Whether a message of so many bytes pushes out no other one. */
  hasRoom(bytes: number): boolean {
    const { count, size } = this.#limits;
    return this.#kept === 0 || (this.#kept < count && this.size + bytes <= size);
  }

  /** Whether messages are to be written. */
  get hasPending(): boolean {
    return (this.#holds === 0 && this.#waiting > 0) || !!this.#urgent?.length;
  }

  /** Whether written events are not acknowledged. */
  get hasUnacknowledged(): boolean {
    return this.#numbered > 0;
  }

  /**
   * Adds a message. Above the limits, others are dropped, or this one.
   *
   * @param isUrgent whether it overtakes messages that are held back
   * @param isFlowing whether the link takes messages. Then unacknowledged ones are given up first: their client reads.
   * @returns whether it is kept
   */
  add(message: Message, isUrgent = false, isFlowing = false): boolean {
    if (isUrgent && this.#holds > 0) (this.#urgent ??= []).push(message);
    else if (this.#lanes || message.channel) this.#useLanes().add(message);
    else this.#queue.push(message);
    this.size += message.size;
    let isKept = true;
    while (this.#isOverLimit) {
      const given = this.#giveUp(isFlowing);
      if (given === message || !given) isKept = false;
      if (!given) break;
    }
    return isKept;
  }

  /** Holds back all but urgent messages until the returned function is called. */
  hold(): () => void {
    this.#useLanes();
    this.#holds++;
    let due = 1;
    return () => {
      this.#holds -= due;
      due = 0;
    };
  }

  /** Goes on over a new link, after the newest number that the client has. */
  resume(ack: number): void {
    this.acknowledge(ack);
    this.dropped += this.#numbers.resume();
    this.#written = 0; // the written messages wait again, before the others
    if (!this.#urgent?.length) return;
    this.#urgent.unshift(...this.#queue.splice(0));
    this.#numbered = 0;
  }

  /**
   * The client ended its last link because of a frame. If that was the next event, and for the second time, the event is dropped: it would
   * end each link, and nothing behind it would ever arrive.
   *
   * @param beginning the first characters of the frame
   * @returns whether an event was dropped
   */
  refuse(beginning: string): boolean {
    const next = this.#urgent?.[0] ?? this.#queue[this.#written] ?? this.#lanes?.peek();
    const seq = this.#numbers.base + 1;
    if (!next || ![next, numbered(next, seq)].some(({ text }) => text.startsWith(beginning))) return false;
    const isAgain = this.#refused === seq;
    this.#refused = isAgain ? 0 : seq;
    if (isAgain) this.#drop(this.#urgent?.shift() ?? this.#takeWaiting(), 'refused');
    return isAgain;
  }

  /** The client has all events up to a number. A number that was not written yet counts as the newest written one. */
  acknowledge(seq: number): void {
    const count = this.#numbers.acknowledge(seq, this.#numbered);
    for (const { size } of this.#queue.splice(0, count)) this.size -= size;
    this.#written = Math.max(this.#written - count, 0);
    this.#numbered -= count;
  }

  /** Returns the next message to be written, which then counts as written. */
  next(): Message | undefined {
    const message = this.#lanes ? this.#nextOfLanes(this.#lanes) : this.#nextOfQueue();
    if (!message?.isNumbered) {
      this.size -= message?.size ?? 0;
      return message;
    }
    if (this.#numbers.isDerivable) return message;
    this.#numbers.isDerivable = true;
    return numbered(message, this.#numbers.base + this.#written);
  }

  /** Returns the only message to be written, which then counts as written; undefined if there is none or more than one. */
  takeOnly(): Message | undefined {
    return !this.#lanes && this.#queue.length - this.#written === 1 ? this.next() : undefined;
  }

  /** Returns everything, for another node. Its messages must not be written here any more. */
  pack(): PackedEvents {
    const { base, uncounted } = this.#numbers;
    const waiting = this.#lanes?.takeAll() ?? this.#queue.slice(this.#numbered);
    return {
      ...{ base, acknowledged: base - uncounted, dropped: this.dropped, refused: this.#refused },
      sent: this.#queue.slice(0, this.#numbered).map(packMessage),
      waiting: [...(this.#urgent ?? []), ...waiting].map(packMessage),
    };
  }

  /** Goes on with the events of another node. */
  unpack(packed: PackedEvents, unpack: (message: PackedMessage) => Message): void {
    this.#numbers.restore(packed.base, packed.acknowledged);
    this.dropped = packed.dropped;
    this.#refused = packed.refused;
    this.#queue = packed.sent.map((message) => unpack(message));
    this.#written = this.#numbered = this.#queue.length;
    for (const { size } of this.#queue) this.size += size;
    for (const message of packed.waiting) this.add(unpack(message));
  }

  /** More waits than may: the session has to end, and nothing is kept for it. */
  overflow(): void {
    this.hasOverflowed = true;
    this.dropped += this.#waiting + (this.#urgent?.length ?? 0);
    this.clear();
  }

  /** The session has ended: everything that is kept is given up. */
  clear(): void {
    const written = this.#queue.splice(0, this.#numbered);
    this.#written = this.#numbered = 0;
    for (const { onDrop } of written) onDrop?.('unknown-outcome');
    for (let each; (each = this.#urgent?.shift() ?? this.#takeWaiting());) each.onDrop?.('ended');
    this.size = 0;
  }

  #nextOfQueue(): Message | undefined {
    const message = this.#queue[this.#written];
    if (message?.isNumbered === false) this.#queue.splice(this.#written, 1);
    else if (message && ++this.#written > this.#numbered) this.#numbered++;
    return message;
  }

  #nextOfLanes(lanes: Lanes): Message | undefined {
    const hasAgain = this.#numbered > this.#written;
    if (this.#urgent?.length) {
      if (hasAgain) lanes.prepend(this.#queue.splice(this.#written)); // it takes the number of the first of them
      this.#numbered = this.#written;
    } else if (this.#holds > 0) return undefined;
    else if (hasAgain) return this.#queue[this.#written++];
    const message = this.#urgent?.shift() ?? lanes.next();
    if (message?.isNumbered) this.#numbered = this.#written = this.#queue.push(message);
    return message;
  }

  /** How many messages wait that are not urgent. */
  get #waiting(): number {
    return this.#queue.length - this.#written + (this.#lanes?.count ?? 0);
  }

  /** From now on, messages wait in lanes. */
  #useLanes(): Lanes {
    return (this.#lanes ??= new Lanes(this.#queue.splice(this.#numbered)));
  }

  /** Removes the next message that is not urgent. */
  #takeWaiting(): Message | undefined {
    if (this.#numbered > this.#written) this.#numbered--;
    return this.#queue.splice(this.#written, 1)[0] ?? this.#lanes?.next();
  }

  get #isOverLimit(): boolean {
    const { count, size } = this.#limits;
    return this.#kept > count || (this.size > size && this.#kept > 1);
  }

  get #kept(): number {
    return this.#queue.length + (this.#lanes?.count ?? 0) + (this.#urgent?.length ?? 0);
  }

  /** Gives up one message. Undefined: the session has to end, and nothing is kept for it. */
  #giveUp(isFlowing: boolean): Message | undefined {
    const { size, overflow } = this.#limits;
    const by = this.size > size ? 'size' : 'count';
    const written = isFlowing || overflow === 'drop-oldest' ? this.#giveUpWritten() : undefined;
    if (written) return written;
    if (overflow !== 'close')
      return this.#giveUpWaiting(overflow === 'drop-oldest' ? 'oldest' : 'newest', by);
    return void this.overflow();
  }

  /** Gives up a message that may have arrived. It counts when a new link shows that it has not. */
  #giveUpWritten(): Message | undefined {
    if (this.#written === 0) return undefined;
    const given = this.#takeOldest();
    this.#written--;
    this.#numbers.base++;
    this.size -= given.size;
    return this.#gone(given, 'unknown-outcome');
  }

  #takeOldest(): Message {
    this.#numbered--;
    return this.#queue.shift() as Message;
  }

  #giveUpWaiting(end: 'oldest' | 'newest', by: 'size' | 'count'): Message | undefined {
    const again = lengthOf(this.#queue.slice(this.#written, this.#numbered), by);
    if (end === 'oldest' && again > (this.#lanes?.longest(by) ?? 0)) {
      this.#numbers.leaveOut(); // none is written on this link: those were given up first
      return this.#drop(this.#takeOldest(), 'unknown-outcome');
    }
    const at = end === 'oldest' ? this.#numbered : Math.max(this.#queue.length - 1, this.#numbered);
    const waiting = this.#lanes ? this.#lanes.takeOfLongest(end, by) : this.#queue.splice(at, 1)[0];
    const urgent = (): Message | undefined => this.#urgent?.[end === 'oldest' ? 'shift' : 'pop']();
    return this.#drop(waiting ?? urgent(), 'overflow');
  }

  /** Drops a message that was not written on this link. Returns it. */
  #drop(message: Message | undefined, code: DropCode): Message | undefined {
    if (message?.isNumbered) this.dropped++;
    this.size -= message?.size ?? 0;
    return message && this.#gone(message, code);
  }

  #gone(message: Message, code: DropCode): Message {
    message.onDrop?.(code);
    this.#onGivenUp?.(message);
    return message;
  }
}
