import type { Socket } from 'node:net';

/** The part of {@link Faults} that concerns bytes in every protocol. False is off. */
export interface ByteFaults {
  readonly stall: boolean;
  readonly delay: number;
  readonly fragment: number | false;
}

/** An event at an end of a connection: it sends, finishes sending, or breaks. */
export type Arrival = Buffer | 'end' | 'reset';

/** Sees all bytes of a lane when they are due. */
export interface Filter {
  /** Returns the bytes of `chunk`, and of the bytes held back before, that may go on. */
  take(chunk: Buffer): readonly Buffer[];
  /** Returns the bytes held back, because no more arrive. */
  flush(): readonly Buffer[];
}

/** One direction of a connection: bytes from `source` go to `target` in order, as the current faults permit. */
export class FaultLane {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #faults: ByteFaults;
  readonly #filter: Filter;
  #queue: { readonly at: number; readonly what: Arrival }[] = [];
  #outgoing: Arrival[] = [];
  #sealed = false;
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  /** @param faults read anew for every step; call {@link pump} when they have changed */
  constructor(source: Socket, target: Socket, faults: ByteFaults, filter: Filter) {
    this.#source = source;
    this.#target = target;
    this.#faults = faults;
    this.#filter = filter;
    target.on('drain', () => this.pump());
    this.pump();
  }

  /** The events of the source. */
  push(what: Arrival): void {
    if (!this.#sealed) this.#queue.push({ at: performance.now(), what });
    this.pump();
  }

  /** Lets bytes that the filter had held back leave, with the next {@link pump}. */
  release(bytes: readonly Buffer[]): void {
    if (!this.#sealed) this.#outgoing.push(...bytes);
  }

  /** Forgets what waits; only `last` still leaves. Discards the bytes that the source sends from now on. */
  seal(...last: readonly Arrival[]): void {
    this.#sealed = true;
    this.#queue = [];
    this.#outgoing = [...last];
    this.pump();
  }

  /** Moves the bytes that may move now. A source that must wait is not read: it feels the back-pressure. */
  pump(): void {
    clearTimeout(this.#timer);
    while (!this.#blocked()) {
      const thing = this.#outgoing.shift();
      if (thing !== undefined) this.#leave(thing);
      else if (!this.#admit()) return void this.#source.resume();
    }
    this.#source.pause();
  }

  #blocked(): boolean {
    return this.#faults.stall || this.#turn !== undefined || this.#target.writableNeedDrain;
  }

  /** Takes the next of the queue if it is due; else comes back when it is. */
  #admit(): boolean {
    const [next] = this.#queue;
    if (!next) return false;
    const wait = next.at + this.#faults.delay - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => this.pump(), Math.ceil(wait));
      return false;
    }
    this.#queue.shift();
    const { what } = next;
    if (what === 'end') this.#outgoing.push(...this.#filter.flush(), 'end');
    else if (what === 'reset') this.#outgoing.push('reset');
    else this.#outgoing.push(...this.#filter.take(what));
    return true;
  }

  #leave(thing: Arrival): void {
    if (thing === 'end') this.#target.end();
    else if (thing === 'reset') this.#target.resetAndDestroy();
    else this.#write(thing);
  }

  #write(bytes: Buffer): void {
    const { fragment } = this.#faults;
    if (!fragment) return void this.#target.write(bytes);
    this.#target.write(bytes.subarray(0, fragment));
    if (bytes.length > fragment) this.#outgoing.unshift(bytes.subarray(fragment));
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.pump();
    });
  }
}
