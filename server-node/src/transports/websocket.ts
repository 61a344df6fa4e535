import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  decodeClientFrame,
  isVeloxError,
  VeloxError,
  type ClientFrame,
  type OpenFrame,
} from '@velox/core/protocol';
import { WebSocketServer, type WebSocket } from 'ws';
import { closeCodeOf } from '../codes.js';
import type { Hub } from '../hub.js';
import { headerOf } from '../negotiate.js';
import { message } from '../message.js';
import { FULL, type Outlet } from '../outlet.js';
import type { Session } from '../session.js';

const servers = new WeakMap<Hub, WebSocketServer>();

/** Completes the handshake and serves the socket; resolves with the reason when it is closed. */
export function acceptWebSocket(
  hub: Hub,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<string> {
  let server = servers.get(hub);
  if (!server) {
    // Compression is ours to do, once a message and not once a session; sessions are the hub's to track.
    const options = { noServer: true, clientTracking: false, perMessageDeflate: false } as const;
    servers.set(hub, (server = new WebSocketServer({ ...options, maxPayload: hub.limits.frame })));
  }
  return new Promise((resolve) => {
    socket.once('close', () => resolve('closed')); // also when the handshake is refused
    server.handleUpgrade(request, socket, head, (webSocket) => {
      void serve(hub, webSocket, socket, request).then(resolve);
    });
  });
}

/** What a client may say while it is still being let in; more is not patience but an attack. */
const EARLY_FRAMES = 100;

function serve(hub: Hub, webSocket: WebSocket, socket: Duplex, request: IncomingMessage): Promise<string> {
  const outlet: Outlet = createOutlet(webSocket, socket, () => session?.drained(outlet));
  let session: Session | undefined;
  let early: ClientFrame[] | undefined;
  const credentials = { request, header: (name: string) => headerOf(request, name) };

  const fail = (error: unknown): void => {
    clearTimeout(handshake);
    if (session) return hub.fail(session, error);
    if (!isVeloxError(error)) hub.observer.failure(error);
    const { code, message: reason } = isVeloxError(error) ? error : INTERNAL;
    outlet.write([message({ bye: { code, reason } })]);
    outlet.close(closeCodeOf(error), code);
  };
  const handshake = setTimeout(
    () => fail(new VeloxError('timeout', 'no open frame came in time.')),
    hub.limits.handshake,
  );

  const open = async (wanted: OpenFrame['open']): Promise<void> => {
    clearTimeout(handshake);
    early = [];
    const { token } = wanted;
    const admission = await hub.admit({ ...credentials, token });
    if (webSocket.readyState !== webSocket.OPEN) return;
    session = hub.open(outlet, admission, wanted);
    for (const frame of early) hub.receive(session, frame, credentials);
  };

  const receive = (frame: ClientFrame): void => {
    if (session) hub.receive(session, frame, credentials);
    else if (early && early.push(frame) <= EARLY_FRAMES) return;
    else if (!early && 'open' in frame) open(frame.open).catch(fail);
    else throw new VeloxError('bad-frame', 'the first frame has to be the open frame.');
  };

  webSocket.on('message', (data: Buffer, isBinary) => {
    if (webSocket.readyState !== webSocket.OPEN) return; // on its way out: nothing more is heard
    try {
      if (isBinary) throw new VeloxError('bad-frame', 'the peer sent a binary message.');
      receive(decodeClientFrame(data.toString(), hub.limits.depth));
    } catch (error) {
      fail(error);
    }
  });
  // ws answers an error of its peer (a broken or oversized message) with the close code that RFC 6455 has for it.
  webSocket.on('error', () => undefined);
  return new Promise((resolve) => {
    webSocket.on('close', (code, reason) => {
      clearTimeout(handshake);
      const outcome = reason.toString() || `closed (${code})`;
      if (session) hub.leave(session, outlet, outcome);
      resolve(outcome);
    });
  });
}

const INTERNAL = { code: 'internal', message: 'The server failed.' } as const;

/** Frames are built once for all sessions and go to the socket as they are, past ws, which only writes whole frames itself. */
function createOutlet(webSocket: WebSocket, socket: Duplex, onDrain: () => void): Outlet {
  return {
    transport: 'websocket',
    write(messages) {
      if (webSocket.readyState !== webSocket.OPEN) return true; // closing: `onClose` follows
      const frames = messages.map((each) => each.webSocket);
      socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
      if (socket.writableLength < FULL) return true;
      socket.once('drain', onDrain);
      return false;
    },
    close: (code, reason) => webSocket.close(code, reason),
  };
}
