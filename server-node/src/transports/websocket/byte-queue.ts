const EMPTY = Buffer.alloc(0);

/** Bytes in order. A single chunk is passed through without a copy. The rest is copied, so that it retains no
 * larger chunk. */
export class ByteQueue {
  #store: Buffer;
  #from = 0;
  #to: number;
  #isOwn = false;

  /** @param chunk the first bytes. Without `own`, the queue may keep the chunk itself. */
  constructor(chunk: Buffer = EMPTY) {
    this.#store = chunk;
    this.#to = chunk.length;
  }

  get size(): number {
    return this.#to - this.#from;
  }

  /** Adds a chunk. Without `own`, the queue may keep the chunk itself. */
  add(chunk: Buffer): void {
    if (this.size === 0) {
      this.#store = chunk;
      this.#from = 0;
      this.#to = chunk.length;
      this.#isOwn = false;
      return;
    }
    if (!this.#isOwn || this.#to + chunk.length > this.#store.length) this.#move(this.size + chunk.length);
    this.#to += chunk.copy(this.#store, this.#to);
  }

  /** Copies the held bytes, unless they were copied before. */
  own(): void {
    if (!this.#isOwn && this.size > 0) this.#move(this.size);
  }

  /** Returns the queued bytes without removing them. They are valid until the next call of another method. */
  view(): Buffer {
    return this.#part(this.#from, this.#to);
  }

  /** Removes the first bytes. */
  take(count: number): Buffer {
    const taken = this.#part(this.#from, (this.#from += count));
    if (this.size === 0) this.clear();
    return taken;
  }

  clear(): void {
    this.#store = EMPTY;
    this.#from = this.#to = 0;
    this.#isOwn = false;
  }

  #part(from: number, to: number): Buffer {
    return from === 0 && to === this.#store.length ? this.#store : this.#store.subarray(from, to);
  }

  /** Makes room: doubled each time, so that a million small chunks are not copied a million times. */
  #move(needed: number): void {
    const capacity = this.#isOwn ? Math.max(needed, 2 * this.size) : needed;
    const store = Buffer.allocUnsafeSlow(capacity);
    this.#to = this.view().copy(store);
    this.#from = 0;
    this.#store = store;
    this.#isOwn = true;
  }
}
