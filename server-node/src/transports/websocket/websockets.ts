import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type PerMessageDeflateOptions, type WebSocket } from 'ws';
import type { Hub } from '../../hub/hub.js';
import { headerOf } from '../request-head.js';
import { GRACE } from '../../wire/outlet.js';
import { deflationOf } from '../../wire/deflate-offer.js';
import { WebSocketLink } from './link.js';

/** The WebSockets of a hub, from their handshake to their end. */
export class WebSockets {
  readonly #hub: Hub;
  readonly #plain: WebSocketServer;
  readonly #deflating: WebSocketServer;
  readonly #links = new Set<WebSocketLink>();

  constructor(hub: Hub) {
    this.#hub = hub;
    this.#plain = createServer(hub, false);
    this.#deflating = createServer(hub, { clientNoContextTakeover: true });
  }

  /** Completes the handshake and serves the socket; resolves with the reason when it is closed. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<string> {
    if (socket.destroyed) return Promise.resolve('closed');
    // ws refuses a client whose offer it does not take: here it is declined, as RFC 7692 §5.1 has it.
    const deflation = this.#hub.compression ? deflationOf(headerOf(request, EXTENSIONS)) : 'none';
    const webSocket = open(deflation === 'none' ? this.#plain : this.#deflating, request, socket, head);
    if (!webSocket) return webSocket === undefined ? closed(socket) : Promise.resolve('taken by another');
    const link = new WebSocketLink(this.#hub, webSocket, socket, request, deflation);
    this.#links.add(link);
    void link.ended.then(() => this.#links.delete(link));
    return link.ended;
  }

  /** Sends those away who were not let in yet, and resolves when all have gone: the hub does so with its sessions. */
  async close(): Promise<void> {
    const links = [...this.#links];
    for (const link of links) link.dismiss();
    await Promise.all(links.map(({ ended }) => ended));
  }
}

const EXTENSIONS = 'sec-websocket-extensions';

/** Compression is ours to do, once a message and not once a session; ws agrees on it, and reads what clients compress. */
function createServer(hub: Hub, perMessageDeflate: PerMessageDeflateOptions | false): WebSocketServer {
  const patience = { closeTimeout: GRACE }; // not in the types of ws
  return new WebSocketServer({
    ...patience,
    noServer: true,
    clientTracking: false, // a session's socket is the hub's to track
    perMessageDeflate,
    maxPayload: hub.limits.frame,
  });
}

const closed = (socket: Duplex): Promise<string> =>
  new Promise((resolve) => socket.once('close', () => resolve('closed')));

/** The WebSocket; undefined where the handshake is refused, null where somebody else has completed it. */
function open(
  server: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): WebSocket | undefined | null {
  let webSocket: WebSocket | undefined;
  try {
    server.handleUpgrade(request, socket, head, (opened) => (webSocket = opened));
  } catch {
    warnTaken();
    return null;
  }
  return webSocket;
}

let warned = false;

/** The one thing that `ws` throws for: somebody completed the handshake before us. */
function warnTaken(): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    'Another WebSocket server takes the upgrades that are meant for Velox. Give it a path of its own, or the option noServer.',
    { type: 'VeloxWarning' },
  );
}
