import type { Bye, Hello } from '@velox/core/protocol';
import { message, type Message } from '../wire/message.js';
import type { Outlet } from '../wire/outlet.js';
import { Owed } from './owed.js';

/** One link of a session: its outlet, and all that ends with it. */
export class Link {
  readonly outlet: Outlet;
  /** Which link of its session this is, counted from 1. */
  readonly number: number;
  readonly owed: Owed = new Owed();
  #isFull = false;
  /** The messages of the next write. */
  #prepared: Message[] | undefined;

  constructor(outlet: Outlet, number: number) {
    this.outlet = outlet;
    this.number = number;
  }

  /** Whether the outlet takes nothing until it drains. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Notes that the outlet has room again. */
  drained(): void {
    this.#isFull = false;
  }

  /** Says hello, as the first frame. */
  greet(hello: Hello): void {
    this.owed.hello(message({ hello: { ...hello, link: this.number } }));
  }

  /** Whether the outlet takes more, and the messages for it are not collected yet. */
  get isReady(): boolean {
    return !this.#isFull && !this.#prepared;
  }

  /** Sets the messages that `write` will write. */
  prepare(messages: Message[]): void {
    this.#prepared = messages;
  }

  /** Writes what was prepared. */
  write(): void {
    const messages = this.#prepared;
    this.#prepared = undefined;
    if (messages && messages.length > 0) this.#isFull = !this.outlet.write(messages);
  }

  /** Says goodbye after everything that was prepared, and closes. */
  close(code: number, bye: Bye): void {
    const farewell = message({ bye });
    try {
      this.outlet.write([...(this.#prepared ?? []), ...this.owed.takeHello(), farewell]);
    } finally {
      this.outlet.close(code, bye.code);
    }
  }
}
