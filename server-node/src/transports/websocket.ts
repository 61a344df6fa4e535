import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, decodeClientFrame, VeloxError, type ClientFrame } from '@velox/core/protocol';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Hub } from '../hub.js';
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
      void serve(hub, webSocket, socket).then(resolve);
    });
  });
}

function serve(hub: Hub, webSocket: WebSocket, socket: Duplex): Promise<string> {
  const outlet = createOutlet(webSocket, socket, () => session?.drained());
  let session: Session | undefined;
  const refuse = (code: number, error: VeloxError): void => {
    outlet.write([message({ bye: { code: error.code, reason: error.message } })]);
    outlet.close(code, error.code);
  };
  const handshake = setTimeout(() => {
    refuse(CloseCode.timeout, new VeloxError('bad-frame', 'no open frame came in time.'));
  }, hub.limits.handshake);

  const receive = (frame: ClientFrame): void => {
    if (session) {
      hub.receive(session, frame);
    } else if ('open' in frame) {
      clearTimeout(handshake);
      session = hub.open(outlet);
    } else {
      throw new VeloxError('bad-frame', 'the first frame has to be an open frame.');
    }
  };

  webSocket.on('message', (data: Buffer, isBinary) => {
    if (webSocket.readyState !== webSocket.OPEN) return; // on its way out: nothing more is heard
    try {
      if (isBinary) throw new VeloxError('bad-frame', 'the peer sent a binary message.');
      receive(decodeClientFrame(data.toString()));
    } catch (error) {
      if (session) hub.fail(session, error);
      else refuse(CloseCode.badFrame, error as VeloxError);
    }
  });
  // ws answers an error of its peer (a broken or oversized message) with the close code that RFC 6455 has for it.
  webSocket.on('error', () => undefined);
  return new Promise((resolve) => {
    webSocket.on('close', (code, reason) => {
      clearTimeout(handshake);
      if (session) hub.leave(session);
      resolve(reason.toString() || `closed (${code})`);
    });
  });
}

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
