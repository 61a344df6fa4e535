import type { Bye, Hello } from '@velox/core/protocol';
import { Message, message } from '../wire/message.js';
import type { Outlet } from '../wire/outlet.js';
import { Owed } from './owed.js';

/** How many links were opened in this process. */
let opened = 0;

/** The members of `hello` that are a session's own. */
export type Greeting = Omit<Hello, 'protocol' | 'heartbeat' | 'limits' | 'link'>;

/** One link of a session: its outlet, and all that ends with it. */
export class Link {
  readonly outlet: Outlet;
  /** Which link of its session this is, counted from 1. */
  readonly number: number;
  /** How many events of its session were dropped when it opened, before it showed that others are missing. */
  readonly droppedBefore: number;
  /** Counts all links: older ones, with their sockets, are earlier in memory. */
  readonly order: number = ++opened;
  readonly owed: Owed = new Owed();
  #isFull = false;
  /** The first heartbeat that asked for an acknowledgement and got no answer yet; 0: none. */
  #askedAt = 0;
  #quietChecks = 0;
  /** The messages of the next write. */
  #prepared: readonly Message[] | undefined;

  constructor(outlet: Outlet, number: number, droppedBefore = 0) {
    this.outlet = outlet;
    this.number = number;
    this.droppedBefore = droppedBefore;
  }

  /** Whether the outlet takes nothing until it drains. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Returns whether the outlet takes the last messages. Between two polls it does, although it is full: they wait for the next poll. */
  takesLast(): boolean {
    if (this.outlet.waiting === 0) this.drained();
    return !this.#isFull;
  }

  /** Notes that the outlet has room again, because the client has read. */
  drained(): void {
    this.#isFull = false;
  }

  /** Asks for an acknowledgement with the heartbeat of that number. */
  ask(heartbeat: number): void {
    this.#askedAt ||= heartbeat;
    this.owed.ask();
  }

  /** Notes that the client was heard. */
  heard(): void {
    this.#askedAt = 0;
    this.#quietChecks = 0;
  }

  /** Counts a check for signs of life. Returns how many there were since the last sign. */
  quietChecks(): number {
    return ++this.#quietChecks;
  }

  /** Whether the client has not been heard since that heartbeat, though everything before its request has left the outlet. */
  isSilentSince(heartbeat: number): boolean {
    const isAsked = this.#askedAt > 0 && this.#askedAt <= heartbeat;
    return isAsked && !this.#isFull && this.outlet.waiting === 0;
  }

  /** Says hello, as the first frame; `common` is the result of `commonHello`. */
  greet(greeting: Greeting, common: string): void {
    const own = JSON.stringify(greeting).slice(1, -1);
    this.owed.hello(new Message(`{"hello":{${own},"link":${this.number},${common.slice(1)}}`));
  }

  /** Whether the outlet takes more, and the messages for it are not collected yet. */
  get isReady(): boolean {
    return !this.#isFull && !this.#prepared;
  }

  /** Sets the messages that `write` will write. */
  prepare(messages: readonly Message[]): void {
    this.#prepared = messages;
  }

  /** Writes the prepared messages. */
  write(): void {
    const messages = this.#prepared;
    this.#prepared = undefined;
    if (messages && messages.length > 0) this.#isFull = !this.outlet.write(messages);
  }

  /**
   * Says goodbye after everything that was prepared, and closes.
   *
   * The goodbye always carries the acknowledgement. An earlier one may still wait for a full outlet, or be in the answer to a POST, which
   * takes another connection and may arrive later.
   *
   * @param taken the number up to which the client's frames were taken; 0: there were none
   */
  close(code: number, bye: Bye, taken: number): void {
    const farewell = taken === 0 ? [message({ bye })] : [message({ ack: taken }), message({ bye })];
    try {
      this.outlet.write([...(this.#prepared ?? []), ...this.owed.takeHello(), ...farewell]);
    } finally {
      this.outlet.close(code, bye.code);
    }
  }
}
