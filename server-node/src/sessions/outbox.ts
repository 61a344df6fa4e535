import { VeloxError } from '@velox/core/protocol';
import { Message } from '../wire/message.js';

/** What is kept for a client until it has acknowledged it; the size in bytes of JSON. */
const KEPT = { count: 1_000, size: 1 << 20 };

/** The events of one session on their way to its client: numbered from 1, kept until it has them; of too many the oldest are dropped. */
export class Outbox {
  /** Without a gap, from number `#gone + 1` on. */
  readonly #kept: Message[] = [];
  #size = 0;
  /** Up to here, none is kept: the client has it, or it was dropped. */
  #gone = 0;
  /** Up to here, they were written on this link, or passed over. */
  #sent = 0;
  #dropped = 0;
  /** Up to here, what was dropped is counted. */
  #counted = 0;

  /** Whether some are still to be written. */
  get hasPending(): boolean {
    return this.#sent < this.#last;
  }

  /** How many were dropped before the client had them. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @throws VeloxError `not-json`, `too-large`; then nothing has changed. */
  add(event: string, data: unknown): void {
    const text = encode(event, data);
    const message = new Message(`${text.slice(0, -1)},"seq":${this.#last + 1}}`);
    this.#kept.push(message);
    this.#size += message.size;
    while (this.#kept.length > KEPT.count || this.#size > KEPT.size) this.#shift();
    this.#skip();
  }

  /** Goes on over a new link, beyond the newest that the client has. */
  resume(ack: number): void {
    this.acknowledge(ack);
    this.#sent = Math.min(ack, this.#last);
    this.#skip();
  }

  /** The client has all up to a number. */
  acknowledge(seq: number): void {
    while (this.#gone < Math.min(seq, this.#last)) this.#shift();
    this.#sent = Math.max(this.#sent, this.#gone);
  }

  /** What is to be written, in order; what was taken from here counts as written. */
  *take(): Iterable<Message> {
    for (let next; (next = this.#kept[this.#sent - this.#gone]);) {
      this.#sent++;
      yield next;
    }
  }

  get #last(): number {
    return this.#gone + this.#kept.length;
  }

  #shift(): void {
    this.#size -= this.#kept.shift()?.size ?? 0;
    this.#gone++;
  }

  /** Passes over what is not kept any more. What was written may have arrived: it counts when a new link shows that it has not. */
  #skip(): void {
    if (this.#gone <= this.#sent) return;
    this.#dropped += Math.max(0, this.#gone - Math.max(this.#sent, this.#counted));
    this.#counted = Math.max(this.#counted, this.#gone);
    this.#sent = this.#gone;
  }
}

function encode(event: string, data: unknown): string {
  let text: string;
  try {
    const json = JSON.stringify(data) as string | undefined; // of what JSON leaves out: none
    text = `{"event":${JSON.stringify(event)},"data":${json ?? 'null'}}`;
  } catch (cause) {
    throw new VeloxError(
      'not-json',
      `the data of the event "${event}" cannot be sent as JSON. Convert it or leave it out.`,
      { cause },
    );
  }
  if (Buffer.byteLength(text) + SEQ > KEPT.size) {
    throw new VeloxError(
      'too-large',
      `the event "${event}" has more than ${KEPT.size} bytes. Send less, or publish it as a topic.`,
    );
  }
  return text;
}

/** Bytes that the longest number adds to an event. */
const SEQ = `,"seq":${Number.MAX_SAFE_INTEGER}`.length;
