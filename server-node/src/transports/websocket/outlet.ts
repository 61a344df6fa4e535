import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { closeReasonOf } from '../../wire/codes.js';
import { message as messageOf, type Message } from '../../wire/message.js';
import type { Outlet } from '../../wire/outlet.js';
import { Place } from '../../wire/shared-window.js';
import { SocketWriter } from '../socket/writer.js';
import type { Deflation } from '../../wire/deflate-offer.js';

/** Frames are built once for all sessions and go to the socket as they are, past ws, which only writes whole frames itself. */
export class WebSocketOutlet extends SocketWriter implements Outlet {
  readonly transport = 'websocket';
  readonly isTwoWay = true;
  readonly #webSocket: WebSocket;
  readonly #deflation: Deflation;
  readonly #isSingle: () => boolean;
  #place: Place | undefined;

  /** @param isSingle whether the session has no topic but one: only sessions that get the same messages share a
   * window */
  constructor(
    webSocket: WebSocket,
    socket: Duplex,
    deflation: Deflation,
    isSingle: () => boolean,
    onDrain: () => void,
  ) {
    super(socket, onDrain);
    this.#webSocket = webSocket;
    this.#deflation = deflation;
    this.#isSingle = isSingle;
  }

  write(messages: readonly Message[]): boolean {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return true; // closing: `onClose` follows
    const [first] = messages;
    if (first && messages.length === 1) {
      const frame = this.#frame(first);
      return isLong(frame) ? this.writeAll(announced(frame)) : this.writeOne(frame);
    }
    const frames = messages.map((each) => this.#frame(each));
    return this.writeAll(frames.some(isLong) ? frames.flatMap(announced) : frames);
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, closeReasonOf(reason));
  }

  #frame(message: Message): Buffer {
    if (this.#deflation === 'none' || !message.isCompressible) return message.webSocket;
    const { window } = message;
    // A session that follows more topics leaves its place at the first message of another topic, and takes no new one. A window
    // compresses on the loop, so it has no long messages.
    if (
      window &&
      !message.isLong &&
      this.#deflation === 'shared' &&
      (this.#place?.isIn(window) || this.#isSingle())
    ) {
      const frame = window.frame(message, (this.#place ??= new Place()));
      if (frame) return frame;
    }
    const { deflated } = message;
    if (deflated !== message.webSocket) this.#place?.leave();
    return deflated;
  }
}

/**
 * A longer message is announced, in bytes. A browser shows a message only when complete, and the client's watchdog would end the link
 * meanwhile.
 */
const ANNOUNCED_BYTES = 256 * 1024;

const isLong = ({ length }: Buffer): boolean => length > ANNOUNCED_BYTES;

function announced(frame: Buffer): readonly Buffer[] {
  return isLong(frame) ? [messageOf({ ping: true, next: frame.length }).webSocket, frame] : [frame];
}
