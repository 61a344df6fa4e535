import type { Duplex } from 'node:stream';
import { ByteQueue } from './byte-queue.js';
import { headOf, isControl, type FrameHead } from './frame-head.js';

/** The most unread bytes of an unauthorized client: the open frame, and the frames after it before `hello`. */
export const STRANGER_BYTES: number = 16 * 1024;

/** How long a message that has begun may take, in ms. */
const MESSAGE_MS = 30_000;

/** How many bytes the headers of a fragmented message may add to its limit. */
const HEADER_BYTES = 1024;

/** RFC 6455 §7.4.1. */
const PROTOCOL_ERROR = 1002;
const TOO_LARGE = 1009;

/** A close code of RFC 6455, or `unread`: more than a stranger may send, or `late`: a message took more than 30 s. */
export type GateError = typeof PROTOCOL_ERROR | typeof TOO_LARGE | 'unread' | 'late';

export interface FrameGateOptions {
  /** Whether messages may be compressed: the peers have agreed on permessage-deflate. */
  readonly isDeflated: boolean;
  /** Takes one whole message with its frame headers. Nothing more is parsed until `next` is called. */
  readonly onMessage: (raw: Buffer) => void;
  /** Called for each frame of a message, except the last. */
  readonly onFragment: () => void;
  /** Takes one whole ping, pong or close frame. */
  readonly onControl: (raw: Buffer) => unknown;
  /** The peer broke the protocol or a limit. Called once; nothing follows. */
  readonly onError: (error: GateError) => void;
  /** Stops and starts the socket while a message is being processed. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/**
 * Splits the bytes of a socket into messages, and hands them out one at a time. So a receiver never holds bytes behind an error, no
 * message is inflated before its turn, and a message in a million pieces takes at most twice its size.
 */
export class FrameGate {
  readonly #options: FrameGateOptions;
  /** The bytes that are not parsed yet. Created with a chunk: between messages there are none. */
  #rest: ByteQueue | undefined;
  /** The frames of a fragmented message, all but the last; undefined until there is one. */
  #fragments: ByteQueue | undefined;
  /** `held`: a message is being processed. `closing`: only control frames are of interest. */
  #state: 'reading' | 'held' | 'closing' | 'over' = 'reading';
  /** How many bytes the peer may still send; Infinity once it is authorized. */
  #allowance = STRANGER_BYTES;
  #limit = STRANGER_BYTES;
  #isParsing = false;
  /** Bytes of a frame that are still to be ignored. */
  #ignored = 0;
  #late: NodeJS.Timeout | undefined;

  constructor(socket: Duplex, options: FrameGateOptions) {
    this.#options = options;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    // ws reads the bytes that a destroyed socket still holds. No code waits for them any more.
    socket.prependListener('close', () => {
      this.stop();
      while (socket.read() !== null);
    });
  }

  /** Trusts the peer with messages of up to `limit` bytes. */
  authorize(limit: number): void {
    this.#allowance = Infinity;
    this.#limit = limit;
  }

  /** Hands out nothing more until `next` is called: called by the receiver of a control frame. */
  hold(): void {
    if (this.#state === 'reading') this.#state = 'held';
  }

  /** The last message was processed. */
  next(): void {
    if (this.#state !== 'held') return;
    this.#state = 'reading';
    if (this.#isParsing) return;
    this.#parse();
    if (this.#is('reading')) this.#options.resume();
  }

  /** Ignores messages from now on: the link is closing, and waits for the peer's close frame. */
  close(): void {
    if (this.#state === 'over') return;
    clearTimeout(this.#late);
    this.#state = 'closing';
    this.#fragments?.clear();
    this.#options.resume();
    if (!this.#isParsing) this.#parse();
  }

  /** Ignores everything from now on. */
  stop(): void {
    clearTimeout(this.#late);
    this.#state = 'over';
    this.#rest = undefined;
    this.#fragments?.clear();
  }

  get #isAuthorized(): boolean {
    return this.#allowance === Infinity;
  }

  get #restBytes(): number {
    return this.#rest?.size ?? 0;
  }

  get #fragmentBytes(): number {
    return this.#fragments?.size ?? 0;
  }

  #is(state: string): boolean {
    return this.#state === state;
  }

  #take(chunk: Buffer): void {
    if (this.#state === 'over') return;
    if (this.#rest) this.#rest.add(chunk);
    else this.#rest = new ByteQueue(chunk);
    if (this.#state !== 'held') this.#parse();
    else this.#checkAllowance();
  }

  #parse(): void {
    this.#isParsing = true;
    while (this.#rest && (this.#is('reading') || this.#is('closing')))
      if (!this.#parseFrame(this.#rest)) break;
    this.#isParsing = false;
    if (this.#restBytes > 0) this.#rest?.own();
    else this.#rest = undefined;
    this.#checkAllowance();
    if (this.#is('held') && this.#isAuthorized) this.#options.pause();
    if (this.#is('reading') && this.#restBytes + this.#fragmentBytes > 0)
      this.#late ??= setTimeout(() => this.#fail('late'), MESSAGE_MS).unref();
  }

  /** Returns whether there may be another frame. */
  #parseFrame(rest: ByteQueue): boolean {
    if (this.#ignored > 0) {
      this.#ignored -= rest.take(Math.min(this.#ignored, rest.size)).length;
      if (this.#ignored > 0) return false;
    }
    const head = headOf(rest.view());
    if (!head) return false;
    if (!this.#isSound(head)) return this.#fail(PROTOCOL_ERROR);
    const { size } = head;
    if (!isControl(head)) {
      if (this.#is('closing')) {
        this.#ignored = size;
        return true;
      }
      if (this.#fragmentBytes + head.length > this.#limit + HEADER_BYTES || head.length > this.#limit)
        return this.#fail(this.#isAuthorized ? TOO_LARGE : 'unread');
    }
    if (rest.size < size) return false;
    const frame = rest.take(size);
    if (isControl(head)) {
      this.#allowance -= size;
      this.#options.onControl(frame);
    } else if (head.isFinal) {
      this.#pass(frame);
    } else {
      this.#fragments ??= new ByteQueue();
      this.#fragments.add(frame);
      this.#fragments.own();
      this.#options.onFragment();
    }
    return true;
  }

  #pass(last: Buffer): void {
    let message = last;
    const fragments = this.#fragments;
    if (fragments && fragments.size > 0) {
      fragments.add(last);
      message = fragments.take(fragments.size);
    }
    clearTimeout(this.#late);
    this.#late = undefined;
    this.#state = 'held';
    this.#options.onMessage(message);
  }

  #isSound(head: FrameHead): boolean {
    if (!head.isMasked || head.reserved !== 0) return false;
    if (isControl(head)) return head.opcode <= 10 && head.isFinal && !head.isDeflated && head.length <= 125;
    if (this.#is('closing')) return head.opcode <= 2;
    const isContinued = this.#fragmentBytes > 0;
    if (head.isDeflated && (!this.#options.isDeflated || isContinued)) return false;
    return isContinued ? head.opcode === 0 : head.opcode === 1 || head.opcode === 2;
  }

  #checkAllowance(): void {
    if (this.#is('over') || this.#is('closing')) return;
    if (this.#restBytes + this.#fragmentBytes > this.#allowance) this.#fail('unread');
  }

  #fail(error: GateError): false {
    this.stop();
    this.#options.onError(error);
    return false;
  }
}
