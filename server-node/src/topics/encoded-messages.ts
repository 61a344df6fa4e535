import type { Message } from '../wire/message.js';

/** The most text of one position that is cached beside the snapshot, in bytes: each version that a client may name gives another delta. */
const MOST_CACHED_BYTES = 1 << 20;

/** The encoded frames of one position of a value. */
export class EncodedMessages {
  /** How often rights were withdrawn when they were encoded. */
  readonly generation: number;
  /** The snapshot, the same for all clients. */
  whole: Message | undefined;
  /** The message that nearly all members receive: the step from the version before. */
  step: Message | undefined;
  check: Message | undefined;
  /** The other messages. Created on need: most values have none. */
  #others: Map<string, Message> | undefined;
  /** Bytes of them. */
  #othersSize = 0;
  #isUsed = true;

  constructor(generation: number) {
    this.generation = generation;
  }

  /** Bytes of all. */
  get size(): number {
    return (this.whole?.size ?? 0) + (this.step?.size ?? 0) + this.#othersSize;
  }

  /** Notes that a client receives one of them. */
  use(): void {
    this.#isUsed = true;
  }

  /** Whether a client has received one since the last call. */
  wasUsed(): boolean {
    const isUsed = this.#isUsed;
    this.#isUsed = false;
    return isUsed;
  }

  /** Returns the message of a key, which is encoded once. The oldest make room: the outlet of a client has its pending messages. */
  get(key: string, encode: () => Message): Message {
    const known = this.#others?.get(key);
    if (known) return known;
    const message = encode();
    if (message === this.whole) return message;
    const others = (this.#others ??= new Map<string, Message>());
    others.set(key, message);
    this.#othersSize += message.size;
    for (const [oldest, { size }] of others) {
      if (this.#othersSize <= MOST_CACHED_BYTES) break;
      others.delete(oldest);
      this.#othersSize -= size;
    }
    return message;
  }
}
