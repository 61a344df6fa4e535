/** A message with its number: 1 is the first of its session and direction. */
export interface Numbered<T> {
  readonly seq: number;
  readonly item: T;
  readonly size: number;
  /** When it was put in, in ms since 1970. */
  readonly at: number;
}

/** What an outbox may hold; where it would be more, the oldest are dropped. */
export interface OutboxLimits {
  readonly count: number;
  /** In whatever unit `add` is told sizes. */
  readonly size: number;
}

/**
 * Messages that are kept until the other side has acknowledged them, so that each is sent again after a lost link: with the
 * receiver's check of numbers, exactly once and in order.
 */
export class Outbox<T> {
  readonly #limits: OutboxLimits;
  #kept: Numbered<T>[] = [];
  #size = 0;
  #seq = 0;
  #dropped = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  /** The number of the newest message. */
  get last(): number {
    return this.#seq;
  }

  /** How many were dropped unacknowledged, since the beginning. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a number for a message that is not kept. */
  number(): number {
    return ++this.#seq;
  }

  /** Keeps a message, made with its number. */
  add(make: (seq: number) => T, size: (item: T) => number = () => 0): void {
    const seq = this.number();
    const item = make(seq);
    const entry = { seq, item, size: size(item), at: Date.now() };
    this.#kept.push(entry);
    this.#size += entry.size;
    while (this.#kept.length > this.#limits.count || this.#size > this.#limits.size) this.#drop();
  }

  /** Forgets what has arrived. */
  acknowledge(seq: number): void {
    while (this.#kept[0] && this.#kept[0].seq <= seq) this.#shift();
  }

  /** Drops what is older than a time. */
  expire(before: number): void {
    while (this.#kept[0] && this.#kept[0].at < before) this.#drop();
  }

  /** What is kept beyond a number, in order. */
  since(seq: number): readonly Numbered<T>[] {
    return this.#kept.filter((entry) => entry.seq > seq);
  }

  #drop(): void {
    this.#dropped++;
    this.#shift();
  }

  #shift(): void {
    this.#size -= this.#kept.shift()?.size ?? 0;
  }
}
