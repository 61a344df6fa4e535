import type { ServerFrame } from '@velox/core/protocol';
import type { Message } from '../../wire/message.js';
import type { Outlet } from '../../wire/outlet.js';
import { droppedBlock, idBlock, LOST, retryBlock, translate } from './translate.js';

/** The parts of an event stream that its owner decides. */
export interface StreamRules {
  /** Whether data that is a string is sent as it is, not as JSON. */
  readonly isText: boolean;
  /** How long the client waits before it reconnects, in ms. */
  readonly retry: () => number;
  /** Whether the client named a session that is gone. `link` is the number of this link in its session. */
  readonly hasLostSession: (link: number | undefined) => boolean;
  /** Called for a call, which such a client cannot answer. */
  readonly onCall: (call: number) => void;
}

/** The Last-Event-ID of a client whose session was closed for good. */
export const CLOSED = 'closed';

/**
 * Translates the messages of a session for a plain EventSource. After each write that has a numbered event, one block sets the client's
 * Last-Event-ID to `<session>:<number>`, so events themselves are the same bytes for all clients.
 */
export class EventSourceOutlet implements Outlet {
  readonly transport = 'event-source';
  /** The client sends nothing. */
  readonly isTwoWay = false;
  readonly #outlet: Outlet;
  readonly #rules: StreamRules;
  #session = '';
  /** The number of the newest event, and of the newest that the client knows as its Last-Event-ID. */
  #number: number;
  #isFull = false;
  /** A delay that met a full outlet. */
  #retry: number | undefined;

  /**
   * @param outlet writes the translated messages
   * @param number that of the newest event that the client has
   */
  constructor(outlet: Outlet, rules: StreamRules, number: number) {
    this.#outlet = outlet;
    this.#rules = rules;
    this.#number = number;
  }

  get waiting(): number {
    return this.#outlet.waiting;
  }

  write(messages: readonly Message[]): boolean {
    const before = this.#number;
    const written = messages.flatMap((message) => this.#translate(message));
    if (this.#number > before) written.push(idBlock(`${this.#session}:${this.#number}`));
    if (written.length > 0) this.#isFull = !this.#outlet.write(written);
    return !this.#isFull;
  }

  close(code: number, reason: string): void {
    this.#outlet.close(code, reason);
  }

  /** Tells the client how long to wait before it reconnects, in ms. */
  setRetry(ms: number): void {
    if (this.#isFull) this.#retry = ms;
    else this.#isFull = !this.#outlet.write([retryBlock(ms)]);
  }

  /** Notes that the outlet drained; returns whether it takes more. */
  drained(): boolean {
    this.#isFull = false;
    const retry = this.#retry;
    this.#retry = undefined;
    if (retry !== undefined) this.setRetry(retry);
    return !this.#isFull;
  }

  #translate(message: Message): readonly Message[] {
    const { frame, message: translated } = translate(message, this.#rules.isText);
    if ('hello' in frame) return this.#greet(frame);
    if ('bye' in frame) {
      const { retry } = frame.bye;
      if (retry === false) return [idBlock(CLOSED)];
      return retry === undefined ? [] : [retryBlock(retry)];
    }
    if ('event' in frame) {
      if (frame.seq !== undefined && frame.seq > 0) this.#number = frame.seq;
      else if (message.isNumbered) this.#number++;
      if (frame.call !== undefined) this.#rules.onCall(frame.call);
    } else if ('reply' in frame && message.isNumbered) this.#number++;
    return translated ? [translated] : [];
  }

  #greet({
    hello: { session, link, dropped },
  }: Extract<ServerFrame, { hello: unknown }>): readonly Message[] {
    this.#session = session;
    const { retry, hasLostSession } = this.#rules;
    const blocks = [retryBlock(retry())];
    if (hasLostSession(link)) {
      this.#number = 0; // the new session counts from 0: a higher number would acknowledge events that the client lacks
      blocks.push(LOST); // before the id, so that a client with the id knows it
    }
    blocks.push(idBlock(`${session}:${this.#number}`));
    if (dropped) blocks.push(droppedBlock(dropped));
    return blocks;
  }
}
