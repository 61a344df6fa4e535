import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, isVeloxError, VeloxError } from '@velox/core/protocol';
import type { Admission } from '../../access/admission.js';
import { PRICES } from '../../access/rate-limit.js';
import type { Hub } from '../../hub/hub.js';
import type { Session } from '../../sessions/session.js';
import { closeCodeOf, INTERNAL } from '../../wire/codes.js';
import { CompressingOutlet } from '../../wire/compressing-outlet.js';
import type { Deflation } from '../../wire/deflate-offer.js';
import type { Outlet } from '../../wire/outlet.js';
import { headerOf } from '../request-head.js';
import { takeReader } from '../socket/internals.js';
import { FrameGate } from '../websocket/frame-gate.js';
import { TranslatingOutlet, type Refused } from './outlet.js';
import { reportNoObject } from './report-no-object.js';
import { PlainWebSocketOutlet, type ServerWebSocket } from './websocket-outlet.js';

/** A client of version 2 sends a text at least every 25 s. Without one for so many ms, its link ends. */
const SILENCE_MS = 30_000;

/** A client of version 2 that was authorized, and the topic that it gets. */
export interface Version2Client {
  readonly admission: Admission;
  readonly topic: string;
}

/** One WebSocket of a client of version 2. It has no open frame, and the content of its messages has no meaning. */
export class Version2Link {
  /** Resolves with the reason when it is closed. */
  readonly ended: Promise<string>;
  readonly #hub: Hub;
  readonly #webSocket: ServerWebSocket;
  readonly #outlet: TranslatingOutlet;
  /** Its messages are only signs of life, so none is inflated. */
  readonly #gate: FrameGate;
  #session: Session | undefined;
  #silence: NodeJS.Timeout | undefined;

  constructor(
    hub: Hub,
    webSocket: ServerWebSocket,
    socket: Duplex,
    request: IncomingMessage,
    deflation: Deflation,
    { admission, topic }: Version2Client,
  ) {
    this.#hub = hub;
    this.#webSocket = webSocket;
    const form = deflation === 'none' ? 'webSocket' : 'deflated';
    const create = (onDrain: () => void): Outlet =>
      new PlainWebSocketOutlet(webSocket, socket, form, onDrain);
    const drained = (): void => {
      if (this.#outlet.drained()) this.#session?.drained(this.#outlet);
    };
    const outlet = form === 'deflated' ? new CompressingOutlet(form, create, drained) : create(drained);
    this.#outlet = new TranslatingOutlet(outlet, ({ code, reason }: Refused) => {
      if (code === 'not-acceptable') reportNoObject(hub, topic);
      outlet.close(closeCodeOf(new VeloxError(code, reason)), code);
    });
    this.#gate = new FrameGate(socket, {
      isDeflated: deflation !== 'none',
      onMessage: () => {
        this.#hear();
        this.#gate.next();
      },
      onFragment: () => this.#session?.rate.charge(PRICES.fragment),
      onControl: (raw) => this.#session?.rate.take() !== false && reader?.call(socket, raw),
      onError: (error) => {
        webSocket.close(typeof error === 'number' ? error : CloseCode.timeout);
        socket.end();
      },
      pause: () => webSocket.pause(),
      resume: () => webSocket.resume(),
    });
    const reader = takeReader(socket);
    webSocket.on('error', () => this.#gate.stop()); // 'close' follows
    this.ended = new Promise((resolve) => {
      webSocket.on('close', (code, reason) => {
        clearTimeout(this.#silence);
        this.#outlet.end();
        const outcome = reason.toString() || `closed (${code})`;
        if (this.#session) hub.leave(this.#session, this.#outlet, outcome);
        resolve(outcome);
      });
    });
    const credentials = { request, header: (name: string) => headerOf(request, name) };
    try {
      const frames = [{ subscribe: [{ topic }] }];
      this.#session = hub.open(this.#outlet, admission, undefined, { frames, credentials });
      this.#gate.authorize(hub.limits.frame);
      this.#listen();
    } catch (error) {
      if (!isVeloxError(error)) hub.observer.failure(error);
      webSocket.close(closeCodeOf(error), isVeloxError(error) ? error.code : INTERNAL.code);
    }
  }

  /** Its session exists from the beginning, and the hub says goodbye to it. */
  dismiss(): void {
    // nothing is left to do
  }

  #listen(): void {
    clearTimeout(this.#silence);
    const end = (): void => this.#webSocket.close(CloseCode.timeout, 'timeout');
    // If the process stood still, a message waits unread in the socket.
    const late = (): void => void setImmediate(() => this.#silence === mine && end());
    const mine = (this.#silence = setTimeout(late, SILENCE_MS).unref());
  }

  #hear(): void {
    const session = this.#session;
    if (!session || this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    session.heard();
    if (session.rate.take()) return this.#listen();
    this.#hub.fail(session, new VeloxError('too-many', 'the peer sent more frames than the limits allow.'));
  }
}
