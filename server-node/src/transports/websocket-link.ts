import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { decodeClientFrame, isVeloxError, VeloxError, type OpenFrame } from '@velox/core/protocol';
import type { WebSocket } from 'ws';
import type { Credentials } from '../admission.js';
import { closeCodeOf } from '../codes.js';
import type { Hub } from '../hub.js';
import { message } from '../message.js';
import { headerOf } from '../negotiate.js';
import type { Outlet } from '../outlet.js';
import type { Session } from '../session.js';
import type { Deflation } from './deflate-offer.js';
import { WebSocketOutlet } from './websocket-outlet.js';

/** One open WebSocket. */
export interface WebSocketLink {
  /** Resolves with the reason when it is closed. */
  readonly ended: Promise<string>;
  /** Says goodbye to one who was not let in yet; a session's goodbye is the hub's. */
  dismiss(): void;
}

/** Serves a WebSocket: waits for its open frame, lets its client in, and hears what it says. */
export function serveWebSocket(
  hub: Hub,
  webSocket: WebSocket,
  socket: Duplex,
  request: IncomingMessage,
  deflation: Deflation,
): WebSocketLink {
  const outlet: Outlet = new WebSocketOutlet(
    webSocket,
    socket,
    deflation,
    () => session?.topics.size === 1,
    () => session?.drained(outlet),
  );
  const credentials = hub.asksWho ? credentialsOf(request) : NOBODY;
  let session: Session | undefined;
  /** While the client is being let in: what came in one piece with its open frame, as it came. */
  let early: Buffer[] | undefined;

  const fail = (error: unknown): void => {
    clearTimeout(handshake);
    webSocket.resume();
    if (session) return hub.fail(session, error);
    if (!isVeloxError(error)) hub.observer.failure(error);
    const { code, message: reason } = isVeloxError(error) ? error : INTERNAL;
    outlet.write([message({ bye: { code, reason } })]);
    outlet.close(closeCodeOf(error), code);
    webSocket.resume(); // to hear the other end's goodbye
  };
  const late = (): void => fail(new VeloxError('timeout', 'no open frame came in time.'));
  let handshake: NodeJS.Timeout | undefined = setTimeout(late, hub.limits.handshake);

  const admit = async (open: OpenFrame['open']): Promise<void> => {
    // What a client says until it is let in waits on its side: decoded, it would be many times as large.
    early = [];
    webSocket.pause();
    const admission = await hub.admit({ ...credentials, token: open.token });
    if (webSocket.readyState !== webSocket.OPEN) return;
    clearTimeout(handshake);
    handshake = undefined;
    session = hub.open(outlet, admission, open);
    const waiting = early;
    early = undefined;
    for (const data of waiting) hear(data);
    webSocket.resume();
  };

  const hear = (data: Buffer): void => {
    const frame = decodeClientFrame(data.toString(), hub.limits.depth);
    if (session) hub.receive(session, frame, credentials);
    else if ('open' in frame) admit(frame.open).catch(fail);
    else throw new VeloxError('bad-frame', 'the first frame has to be the open frame.');
  };

  webSocket.on('message', (data: Buffer, isBinary) => {
    if (deflation !== 'none') letGo(webSocket);
    if (webSocket.readyState !== webSocket.OPEN) return; // on its way out: nothing more is heard
    try {
      if (isBinary) throw new VeloxError('bad-frame', 'the peer sent a binary message.');
      if (early) early.push(data);
      else hear(data);
    } catch (error) {
      fail(error);
    }
  });
  // ws answers an error of its peer (a broken or oversized message) with the close code that RFC 6455 has for it.
  webSocket.on('error', () => undefined);

  const ended = new Promise<string>((resolve) => {
    webSocket.on('close', (code, reason) => {
      clearTimeout(handshake);
      const outcome = reason.toString() || `closed (${code})`;
      if (session) hub.leave(session, outlet, outcome);
      resolve(outcome);
    });
  });
  const dismiss = (): void => {
    if (!session) fail(new VeloxError('going-away', 'the server goes away.'));
  };
  if (hub.closed) dismiss();
  return { ended, dismiss };
}

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
 * Ends the decompressor that ws keeps for a client from its first compressed message on: our clients may refer to nothing of the past,
 * so between two messages it is a waste of some 50 KB. What ws names so is its own; without it nothing is wrong but the memory.
 */
function letGo(webSocket: WebSocket): void {
  const { _extensions: extensions } = webSocket as { _extensions?: Record<string, { cleanup?(): void }> };
  extensions?.['permessage-deflate']?.cleanup?.();
}
