import { deflated } from './deflate.js';
import { deflatedFrame } from './websocket-frame.js';

/** How much of the past a message may refer to, in bytes. */
const REACH_BYTES = 16 * 1024;

/** Least ms, or else bytes of messages, from one beginning to the next. */
const RUN = { time: 1_000, size: 64 * 1024 };

/** A message as the window needs it. */
export interface WindowMessage {
  readonly text: string;
  /** The message as an uncompressed WebSocket frame. */
  readonly webSocket: Buffer;
}

/** The place of one client's decompressor in a run: the messages received, with no other compressed message
 * since. */
export class Place {
  #window: SharedWindow | undefined;
  #run = 0;
  #next = 0;

  isIn(window: SharedWindow): boolean {
    return this.#window === window;
  }

  isAt(window: SharedWindow, run: number, at: number): boolean {
    return this.#window === window && this.#run === run && this.#next === at;
  }

  /** The client has received message `at` of a run. */
  move(window: SharedWindow, run: number, at: number): void {
    this.#window = window;
    this.#run = run;
    this.#next = at + 1;
  }

  /** The client has received another compressed message. */
  leave(): void {
    this.#window = undefined;
  }
}

/** A message of a run; without a frame if it is shorter uncompressed. */
interface Entry {
  readonly message: WindowMessage;
  readonly run: number;
  readonly at: number;
  readonly frame: Buffer | undefined;
}

/**
 * Compresses the messages of a topic once for all clients that get them one after the other
 * (permessage-deflate with context takeover, RFC 7692 §7.1.1): each message may refer to those before it of
 * its run. A client that has missed one, or has just come, waits for the next run, which begins with an
 * independent message. permessage-deflate has no checksum: a client without the text that a message refers to
 * would decompress it wrongly and without an error. So only a client at exactly the message's place gets its
 * frame.
 */
export class SharedWindow {
  #past: Buffer = Buffer.alloc(0);
  #run = 0;
  /** How many messages the run has. */
  #length = 0;
  #size = 0;
  #begun = -Infinity;
  /** Whether a client waits for the next run. */
  #isWanted = false;
  #last: Entry | undefined;

  /** The frame of a message for the client at `place`, which then counts as sent; undefined if the client must
   * get it in another form. */
  frame(message: WindowMessage, place: Place): Buffer | undefined {
    let entry = this.#last;
    if (entry?.message !== message) {
      const isBehind = this.#length > 0 && !place.isAt(this, this.#run, this.#length);
      if ((isBehind || this.#isWanted) && this.#mayBegin()) this.#begin();
      else if (isBehind) return this.#missed();
      entry = this.#add(message);
    }
    const { run, at, frame } = entry;
    if (at > 0 && !place.isAt(this, run, at)) return this.#missed();
    if (!frame) return message.webSocket;
    place.move(this, run, at);
    return frame;
  }

  #missed(): undefined {
    this.#isWanted = true;
  }

  #mayBegin(): boolean {
    return this.#size >= RUN.size || performance.now() - this.#begun >= RUN.time;
  }

  #begin(): void {
    this.#run++;
    this.#length = this.#size = 0;
    this.#past = Buffer.alloc(0);
    this.#isWanted = false;
  }

  #add(message: WindowMessage): Entry {
    const data = Buffer.from(message.text);
    const payload = deflated(data, this.#past);
    const at = this.#length;
    const isWorthIt = at === 0 || payload.length < data.length; // a run has to begin with something
    if (isWorthIt) {
      if (at === 0) this.#begun = performance.now();
      this.#length++;
      this.#size += data.length;
      this.#past = Buffer.concat([this.#past, data]);
      if (this.#past.length > REACH_BYTES) this.#past = Buffer.from(this.#past.subarray(-REACH_BYTES));
    }
    return (this.#last = {
      message,
      run: this.#run,
      at,
      frame: isWorthIt ? deflatedFrame(payload) : undefined,
    });
  }
}
