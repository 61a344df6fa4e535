import { GZIP_HEAD } from '../../wire/deflate.js';
import type { StreamOptions } from '../exchange.js';
import type { Message } from '../../wire/message.js';
import { FULL_BYTES, DRAINED_BYTES, type Outlet } from '../../wire/outlet.js';
import { stallTimer } from '../socket/stall.js';
import type { StreamForm } from './stream-form.js';

/** The most bytes a host gets at a time. A slow client keeps the host busy with them, and each read shows
 * progress. */
const SLICE_BYTES = FULL_BYTES;

/** An event stream that is the body of an answer to `fetch`; cancelling the body is the end of the link. */
export class FetchStream implements Outlet {
  readonly transport = 'sse';
  readonly isTwoWay = false;
  readonly #form: StreamForm;
  readonly #events: Pick<StreamOptions, 'onDrain' | 'onClose'>;
  readonly #stall: (full: boolean) => void;
  /** Unused once it has begun. */
  #begin: ((body: ReadableStream<Uint8Array>) => void) | undefined;
  /** While it is open. */
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** The body itself holds nothing, so that every read of the host is seen. */
  readonly #queue: Uint8Array[] = [];
  #waiting = 0;
  #isFull = false;
  /** Whether the host waits for more. */
  #isAwaited = false;

  /**
   * @param form how messages are encoded; the head says the same
   * @param begin answers with the body, at the first write
   */
  constructor(
    form: StreamForm,
    begin: (body: ReadableStream<Uint8Array>) => void,
    events: Pick<StreamOptions, 'onDrain' | 'onClose'>,
  ) {
    this.#form = form;
    this.#begin = begin;
    this.#events = events;
    this.#stall = stallTimer(() => this.end('closed'));
  }

  get waiting(): number {
    return this.#waiting;
  }

  write(messages: readonly Message[]): boolean {
    const parts = messages.map((each) => each[this.#form].bytes);
    if (this.#begin) {
      if (this.#form === 'gzip') parts.unshift(GZIP_HEAD);
      this.#start(this.#begin);
    }
    if (!this.#body) return true;
    const bytes = Buffer.concat(parts);
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      this.#queue.push(new Uint8Array(bytes.subarray(at, at + SLICE_BYTES))); // in memory of its own: a host may transfer it
    }
    this.#waiting += bytes.length;
    if (this.#isAwaited) this.#give();
    if (!this.#isFull && this.#waiting >= FULL_BYTES) this.#stall((this.#isFull = true));
    return !this.#isFull;
  }

  close(): void {
    if (this.#begin) this.#start(this.#begin);
    this.end('ended');
  }

  /** Ends it if it is open: pending messages still leave if it has `ended`, and are discarded otherwise. */
  end(reason: 'ended' | 'closed' | 'cancelled'): void {
    const body = this.#body;
    if (!body) return;
    this.#body = undefined;
    this.#stall(false);
    const rest = this.#queue.splice(0);
    this.#waiting = 0;
    if (reason === 'ended') for (const chunk of rest) body.enqueue(chunk);
    if (reason !== 'cancelled') body.close(); // an error could end the process of a host that expects none
    queueMicrotask(() => this.#events.onClose(reason)); // the session may be closed before `Hub.open` has returned it
  }

  #start(begin: (body: ReadableStream<Uint8Array>) => void): void {
    this.#begin = undefined;
    const source: UnderlyingDefaultSource<Uint8Array> = {
      start: (controller) => void (this.#body = controller),
      pull: () => this.#onRead(),
      cancel: () => this.end('cancelled'),
    };
    begin(new ReadableStream(source, { highWaterMark: 0 }));
  }

  #onRead(): void {
    this.#isAwaited = true;
    this.#give();
    if (!this.#isFull) return;
    this.#isFull = this.#waiting > DRAINED_BYTES;
    this.#stall(this.#isFull);
    if (!this.#isFull) this.#events.onDrain();
  }

  #give(): void {
    const chunk = this.#queue.shift();
    if (!chunk) return;
    this.#isAwaited = false;
    this.#waiting -= chunk.length;
    this.#body?.enqueue(chunk);
  }
}
