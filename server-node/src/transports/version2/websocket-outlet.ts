import type { Duplex } from 'node:stream';
import { closeReasonOf } from '../../wire/codes.js';
import type { Message } from '../../wire/message.js';
import type { Outlet } from '../../wire/outlet.js';
import { SocketWriter } from '../socket/writer.js';

/** The part of a WebSocket of `ws` that a link of version 2 needs. */
export interface ServerWebSocket {
  readonly readyState: number;
  readonly OPEN: number;
  close(code: number, reason?: string): void;
  pause(): void;
  resume(): void;
  on(event: 'message' | 'error', listener: () => void): unknown;
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
}

/** Writes messages as single WebSocket frames: nothing is announced, and no compression window is shared. */
export class PlainWebSocketOutlet extends SocketWriter implements Outlet {
  readonly transport = 'websocket';
  readonly isTwoWay = true;
  readonly #webSocket: ServerWebSocket;
  readonly #form: 'webSocket' | 'deflated';

  constructor(
    webSocket: ServerWebSocket,
    socket: Duplex,
    form: 'webSocket' | 'deflated',
    onDrain: () => void,
  ) {
    super(socket, onDrain);
    this.#webSocket = webSocket;
    this.#form = form;
  }

  write(messages: readonly Message[]): boolean {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return true; // closing: 'close' follows
    return this.writeAll(messages.map((message) => message[this.#form]));
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, closeReasonOf(reason));
  }
}
