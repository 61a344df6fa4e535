import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { decodeClientFrame, isVeloxError, VeloxError, type OpenFrame } from '@velox/core/protocol';
import type { WebSocket } from 'ws';
import type { Credentials } from '../../access/admission.js';
import { closeCodeOf } from '../../wire/codes.js';
import type { Hub } from '../../hub/hub.js';
import { message } from '../../wire/message.js';
import { headerOf } from '../request-head.js';
import type { Outlet } from '../../wire/outlet.js';
import type { Session } from '../../sessions/session.js';
import type { Deflation } from '../../wire/deflate-offer.js';
import { WebSocketOutlet } from './outlet.js';

/** One WebSocket: waits for its open frame, lets its client in, and hears what it says. */
export class WebSocketLink {
  /** Resolves with the reason when it is closed. */
  readonly ended: Promise<string>;
  readonly #hub: Hub;
  readonly #webSocket: WebSocket;
  readonly #credentials: Omit<Credentials, 'token'>;
  readonly #outlet: Outlet;
  #session: Session | undefined;
  /** While the client is being let in: what came in one piece with its open frame, as it came. */
  #early: Buffer[] | undefined;
  #handshake: NodeJS.Timeout | undefined;

  constructor(
    hub: Hub,
    webSocket: WebSocket,
    socket: Duplex,
    request: IncomingMessage,
    deflation: Deflation,
  ) {
    this.#hub = hub;
    this.#webSocket = webSocket;
    this.#credentials = hub.hasAuthorize ? credentialsOf(request) : NOBODY;
    this.#outlet = new WebSocketOutlet(
      webSocket,
      socket,
      deflation,
      () => this.#session?.topics.size === 1,
      () => this.#session?.drained(this.#outlet),
    );
    const late = (): void => this.#fail(new VeloxError('timeout', 'no open frame came in time.'));
    this.#handshake = setTimeout(late, hub.limits.handshake);
    webSocket.on('message', (data: Buffer, isBinary) => {
      if (deflation !== 'none') releaseInflater(webSocket);
      this.#take(data, isBinary);
    });
    // ws answers an error of its peer (a broken or oversized message) with the close code that RFC 6455 has for it.
    webSocket.on('error', ignore);
    this.ended = new Promise((resolve) => {
      webSocket.on('close', (code, reason) => {
        this.#settle();
        const outcome = reason.toString() || `closed (${code})`;
        if (this.#session) hub.leave(this.#session, this.#outlet, outcome);
        resolve(outcome);
      });
    });
    if (hub.closed) this.dismiss();
  }

  /** Says goodbye to one who was not let in yet; a session's goodbye is the hub's. */
  dismiss(): void {
    if (!this.#session) this.#fail(new VeloxError('going-away', 'the server goes away.'));
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (!this.#isOpen) return; // on its way out: nothing more is heard
    try {
      if (isBinary) throw new VeloxError('bad-frame', 'the peer sent a binary message.');
      if (this.#early) this.#early.push(data);
      else this.#hear(data);
    } catch (error) {
      this.#fail(error);
    }
  }

  #hear(data: Buffer): void {
    const frame = decodeClientFrame(data.toString(), this.#hub.limits.depth);
    if (this.#session) this.#hub.receive(this.#session, frame, this.#credentials);
    else if ('open' in frame) this.#admit(frame.open).catch((error: unknown) => this.#fail(error));
    else throw new VeloxError('bad-frame', 'the first frame has to be the open frame.');
  }

  async #admit(open: OpenFrame['open']): Promise<void> {
    // What a client says until it is let in waits on its side: decoded, it would be many times as large.
    this.#early = [];
    this.#webSocket.pause();
    const admission = await this.#hub.admit({ ...this.#credentials, token: open.token });
    if (!this.#isOpen) return;
    this.#settle();
    this.#session = this.#hub.open(this.#outlet, admission, open);
    const waiting = this.#early;
    this.#early = undefined;
    for (const data of waiting) this.#hear(data);
    this.#webSocket.resume();
  }

  #fail(error: unknown): void {
    this.#settle();
    this.#webSocket.resume(); // to hear the other end's goodbye
    if (this.#session) return this.#hub.fail(this.#session, error);
    if (!isVeloxError(error)) this.#hub.observer.failure(error);
    const { code, message: reason } = isVeloxError(error) ? error : INTERNAL;
    this.#outlet.write([message({ bye: { code, reason } })]);
    this.#outlet.close(closeCodeOf(error), code);
  }

  /** The time for the handshake counts no more. */
  #settle(): void {
    clearTimeout(this.#handshake);
    this.#handshake = undefined;
  }

  get #isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }
}

const ignore = (): void => undefined;

function credentialsOf(request: IncomingMessage): Omit<Credentials, 'token'> {
  return { request, header: (name) => headerOf(request, name) };
}

/** Stands for whoever has sent a request that nobody will look at: it need not be kept. */
const NOBODY: Omit<Credentials, 'token'> = {
  request: new IncomingMessage(new Socket()),
  header: () => undefined,
};

const INTERNAL = { code: 'internal', message: 'The server failed.' } as const;

/**
 * Releases the decompressor that ws keeps per client after the first compressed message, some 50 KB. Our clients never refer to earlier
 * messages. The member is private to ws: without it, only memory is wasted.
 */
function releaseInflater(webSocket: WebSocket): void {
  const { _extensions: extensions } = webSocket as { _extensions?: Record<string, { cleanup?(): void }> };
  extensions?.['permessage-deflate']?.cleanup?.();
}
