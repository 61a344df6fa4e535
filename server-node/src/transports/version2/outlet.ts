import type { ErrorCode } from '@velox/core/protocol';
import { Message } from '../../wire/message.js';
import type { Outlet } from '../../wire/outlet.js';
import { frameOf, translate, type Copy } from './translate.js';

/** How often a client of version 2 gets a ping, in ms, also while data flows: velox.js reconnects after 45 s without one. */
const PING_INTERVAL_MS = 25_000;

const PING: Message = new Message('{"ping":true}', { eventId: '0' });

/** Why a client of version 2 gets nothing. */
export interface Refused {
  readonly code: ErrorCode;
  readonly reason: string;
  /** Whether nothing was written before: then the refusal can be an answer with a status. */
  readonly isFirst: boolean;
}

/**
 * Translates the messages of a session for a client of version 2: pings of its own, and the value as merge patches or whole. All
 * other messages are left out.
 */
export class TranslatingOutlet implements Outlet {
  readonly transport: string;
  /** A client of version 2 answers nothing. */
  readonly isTwoWay = false;
  readonly #outlet: Outlet;
  readonly #onRefused: (refused: Refused) => void;
  #copy: Copy | undefined;
  #phase: 'silent' | 'open' | 'ended' = 'silent';
  #isFull = false;
  /** Whether a ping met a full outlet. */
  #hasPing = false;
  #pinging: NodeJS.Timeout | undefined;

  /**
   * @param outlet writes the translated messages
   * @param onRefused ends the link: the session has nothing for this client, or a value that version 2 does not have
   */
  constructor(outlet: Outlet, onRefused: (refused: Refused) => void) {
    this.#outlet = outlet;
    this.transport = `${outlet.transport}-2`;
    this.#onRefused = onRefused;
  }

  get waiting(): number {
    return this.#outlet.waiting;
  }

  write(messages: readonly Message[]): boolean {
    if (this.#phase === 'ended') return true;
    const translated = messages.flatMap((message) => this.#translate(message));
    if (translated.length > 0) this.#write(translated);
    return !this.#isFull;
  }

  close(code: number, reason: string): void {
    if (this.#phase === 'ended') return;
    this.end();
    this.#outlet.close(code, reason);
  }

  /** The link is over: nothing is written any more. */
  end(): void {
    this.#phase = 'ended';
    clearInterval(this.#pinging);
  }

  /** Notes that the outlet drained; returns whether it takes more. */
  drained(): boolean {
    this.#isFull = false;
    if (this.#hasPing) this.#ping();
    return !this.#isFull;
  }

  #write(messages: readonly Message[]): void {
    if (this.#phase === 'ended') return;
    const isFirst = this.#phase === 'silent';
    this.#phase = 'open';
    if (isFirst) this.#pinging = setInterval(() => this.#ping(), PING_INTERVAL_MS).unref();
    this.#isFull = !this.#outlet.write(isFirst && messages[0] !== PING ? [PING, ...messages] : messages);
  }

  #ping(): void {
    this.#hasPing = this.#isFull;
    if (!this.#isFull) this.#write([PING]);
  }

  #translate(message: Message): readonly Message[] {
    if (this.#phase === 'ended') return [];
    const frame = frameOf(message);
    if ('hello' in frame) return [PING];
    if ('denied' in frame) this.#refuse(frame.code as ErrorCode, 'There is no such topic for this client.');
    else if ('bye' in frame) this.#refuse(frame.bye.code as ErrorCode, frame.bye.reason);
    // A seed is the value of another topic: a client of version 2 has one topic.
    if (!('version' in frame) || 'for' in frame) return [];
    const translation = translate(message, frame, this.#copy);
    if (!translation) {
      this.#refuse('not-acceptable', 'Version 2 of the protocol needs an object as the value.');
      return [];
    }
    this.#copy = translation.copy;
    return translation.messages;
  }

  #refuse(code: ErrorCode, reason: string): void {
    const isFirst = this.#phase === 'silent';
    this.end();
    this.#onRefused({ code, reason, isFirst });
  }
}
