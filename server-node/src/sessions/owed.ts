import { message, type Message } from '../wire/message.js';

/** The signs of life, the same for all: without and with the request to acknowledge. */
const PING: Message = message({ ping: true });
const ASKING_PING: Message = message({ ping: true, ack: true });

/** The frames that a link owes its client beside topics and events: each at most once, however often there was a reason for it. */
export class Owed {
  #hello: Message | undefined;
  #ping: Message | undefined;
  #hasAck = false;
  #hasDropped = false;

  /** Whether a frame is pending. */
  get hasPending(): boolean {
    return this.#hasAck || this.#hasDropped || this.#ping !== undefined || this.#hello !== undefined;
  }

  hello(hello: Message): void {
    this.#hello = hello;
  }

  /** Owes the sum of dropped events. */
  dropped(): void {
    this.#hasDropped = true;
  }

  ack(): void {
    this.#hasAck = true;
  }

  /** The answer to a POST acknowledges the frames that the link would have acknowledged. */
  noteAcked(): void {
    this.#hasAck = false;
  }

  ping(): void {
    this.#ping ??= PING;
  }

  /** Owes a ping that asks for an acknowledgement. */
  ask(): void {
    this.#ping = ASKING_PING;
  }

  /**
   * Returns the pending frames in order; none is pending after that.
   *
   * @param taken the number up to which the client's frames were taken
   * @param dropped the sum of the session's dropped events
   */
  take(taken: number, dropped: number): Message[] {
    const messages = this.takeHello();
    if (this.#hasDropped) messages.push(message({ dropped }));
    if (this.#hasAck) messages.push(message({ ack: taken }));
    if (this.#ping) messages.push(this.#ping);
    this.#hasDropped = this.#hasAck = false;
    this.#ping = undefined;
    return messages;
  }

  /** Returns hello, if it is owed. Nothing may precede it. */
  takeHello(): Message[] {
    const hello = this.#hello;
    this.#hello = undefined;
    return hello ? [hello] : [];
  }
}
