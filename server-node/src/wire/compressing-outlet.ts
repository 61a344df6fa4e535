import type { CompressedForm, Message } from './message.js';
import type { Outlet } from './outlet.js';

/**
 * Holds back a long message, and everything behind it, until the message is compressed off the loop. Meanwhile the outlet counts as
 * full, so changes that follow leave as one catch-up, and nothing overtakes.
 */
export class CompressingOutlet implements Outlet {
  readonly transport: string;
  readonly isTwoWay: boolean;
  readonly #outlet: Outlet;
  readonly #form: CompressedForm;
  readonly #onDrain: () => void;
  /** The messages that are held back; `isReady`: their first one is compressed, and the inner outlet is full. */
  #held: { readonly messages: readonly Message[]; isReady: boolean } | undefined;
  /** Whether the inner outlet takes nothing until it drains. */
  #isFull = false;

  /**
   * @param form the form that the inner outlet writes
   * @param create creates the inner outlet
   * @param onDrain as of any outlet
   */
  constructor(form: CompressedForm, create: (onDrain: () => void) => Outlet, onDrain: () => void) {
    this.#form = form;
    this.#onDrain = onDrain;
    this.#outlet = create(() => this.#drained());
    this.transport = this.#outlet.transport;
    this.isTwoWay = this.#outlet.isTwoWay;
  }

  get waiting(): number {
    return this.#outlet.waiting;
  }

  /** Only a goodbye is written to a full outlet. It waits for nothing: held messages leave before it as they are. */
  write(messages: readonly Message[]): boolean {
    const held = this.#held;
    this.#held = undefined;
    if (held) return this.#pass([...held.messages, ...messages]);
    return this.#writeReady(messages);
  }

  close(code: number, reason: string): void {
    this.#held = undefined;
    this.#outlet.close(code, reason);
  }

  /** Writes the messages before the first one that has to be compressed. */
  #writeReady(messages: readonly Message[]): boolean {
    for (const [at, message] of messages.entries()) {
      const compressed = message.whenCompressed(this.#form);
      if (!compressed) continue;
      if (at > 0) this.#pass(messages.slice(0, at));
      const held = { messages: messages.slice(at), isReady: false };
      this.#held = held;
      void compressed.then(() => {
        if (this.#held !== held) return;
        held.isReady = true;
        if (!this.#isFull) this.#release(held.messages);
      });
      return false;
    }
    return this.#pass(messages);
  }

  #pass(messages: readonly Message[]): boolean {
    this.#isFull = !this.#outlet.write(messages);
    return !this.#isFull;
  }

  #drained(): void {
    this.#isFull = false;
    if (!this.#held) this.#onDrain();
    else if (this.#held.isReady) this.#release(this.#held.messages);
  }

  #release(messages: readonly Message[]): void {
    this.#held = undefined;
    if (this.#writeReady(messages)) this.#onDrain();
  }
}
