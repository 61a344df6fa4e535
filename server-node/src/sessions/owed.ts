import { message, type Message } from '../wire/message.js';

/** A sign of life, the same for all. */
const PING: Message = message({ ping: true });

/** The frames that a link owes its client beside topics and events: each at most once, however often there was a reason for it. */
export class Owed {
  #hello: Message | undefined;
  #hasAck = false;
  #hasPing = false;

  hello(hello: Message): void {
    this.#hello = hello;
  }

  ack(): void {
    this.#hasAck = true;
  }

  /** The answer to a POST acknowledges what the link would have acknowledged. */
  acknowledged(): void {
    this.#hasAck = false;
  }

  ping(): void {
    this.#hasPing = true;
  }

  /**
   * Returns what is owed, in order; nothing is owed after that.
   *
   * @param taken the number up to which the client's frames were taken
   */
  take(taken: number): Message[] {
    const messages = this.takeHello();
    if (this.#hasAck) messages.push(message({ ack: taken }));
    if (this.#hasPing) messages.push(PING);
    this.#hasAck = this.#hasPing = false;
    return messages;
  }

  /** Returns hello, if it is owed. Nothing may precede it. */
  takeHello(): Message[] {
    const hello = this.#hello;
    this.#hello = undefined;
    return hello ? [hello] : [];
  }
}
