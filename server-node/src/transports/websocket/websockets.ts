import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws';
import type { Hub } from '../../hub/hub.js';
import { headerOf } from '../request-head.js';
import { CLOSE_MS } from '../../wire/outlet.js';
import { deflationOf, type Deflation } from '../../wire/deflate-offer.js';
import { Version2Link, type Version2Client } from '../version2/websocket-link.js';
import { WebSocketLink } from './link.js';
import { wsClasses } from './ws-classes.js';

/** A handshake that waits for its answer. */
export interface Handshake {
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Lines to add to the answer, as `name: value`. */
  readonly headers: readonly string[];
}

type AnyLink = Pick<WebSocketLink, 'ended' | 'dismiss'>;

/** How a handshake is accepted. */
export interface Acceptance {
  /** Set for a client of version 2, which has no open frame. */
  readonly client?: Version2Client;
  /** Creates the link of another protocol. */
  readonly create?: (
    webSocket: WebSocket,
    socket: Duplex,
    request: IncomingMessage,
    deflation: Deflation,
  ) => AnyLink;
  /** Set for a client that is to be refused: the ms after which it may try again. */
  readonly retry?: number;
}

/** The WebSockets of a hub, from their handshake to their end. */
export class WebSockets {
  readonly #hub: Hub;
  /** Created with the first handshake: hosts without WebSockets may have the browser build of ws. */
  #plain: WebSocketServer | undefined;
  #deflating: WebSocketServer | undefined;
  readonly #links = new Set<AnyLink>();

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /**
   * Completes the handshake and serves the socket; resolves with the reason when it is closed. Call {@link loadWsClasses} before.
   */
  accept(
    request: IncomingMessage,
    handshake: Handshake,
    { client, create, retry }: Acceptance = {},
  ): Promise<string> {
    const { socket } = handshake;
    if (socket.destroyed) {
      if (!socket.errored && !socket.readableEnded) warnOnce('Another upgrade listener destroyed a socket');
      return Promise.resolve('closed');
    }
    // ws refuses a client whose offer it does not take: here it is declined, as RFC 7692 §5.1 has it.
    const deflation = this.#hub.compression ? deflationOf(headerOf(request, EXTENSIONS)) : 'none';
    const server =
      deflation === 'none'
        ? (this.#plain ??= createServer(this.#hub, false))
        : (this.#deflating ??= createServer(this.#hub, { clientNoContextTakeover: true }));
    const webSocket = open(server, request, handshake);
    if (!webSocket) return webSocket === undefined ? closed(socket) : Promise.resolve('taken by another');
    const link = create
      ? create(webSocket, socket, request, deflation)
      : client
        ? new Version2Link(this.#hub, webSocket, socket, request, deflation, client)
        : new WebSocketLink(this.#hub, webSocket, socket, request, deflation, retry);
    this.#links.add(link);
    void link.ended.then(() => this.#links.delete(link));
    return link.ended;
  }

  /** Says goodbye to clients that are not authorized yet; the hub does so to its sessions. Resolves when all links have ended. */
  async close(): Promise<void> {
    const links = [...this.#links];
    for (const link of links) link.dismiss();
    await Promise.all(links.map(({ ended }) => ended));
  }
}

const EXTENSIONS = 'sec-websocket-extensions';

/** Compression is ours to do, once a message and not once a session; ws agrees on it, and reads what clients compress. */
function createServer(hub: Hub, perMessageDeflate: PerMessageDeflateOptions | false): WebSocketServer {
  const patience = { closeTimeout: CLOSE_MS }; // not in the types of ws
  return new (wsClasses().WebSocketServer)({
    ...patience,
    noServer: true,
    clientTracking: false, // a session's socket is the hub's to track
    perMessageDeflate,
    maxPayload: hub.limits.frame,
  });
}

const closed = (socket: Duplex): Promise<string> =>
  new Promise((resolve) => socket.once('close', () => resolve('closed')));

/** Completes a handshake. Returns undefined if it is refused, null if another WebSocket server has completed it. */
function open(
  server: WebSocketServer,
  request: IncomingMessage,
  { socket, head, headers }: Handshake,
): WebSocket | undefined | null {
  let webSocket: WebSocket | undefined;
  const addHeaders = (lines: string[]): void => void lines.push(...headers);
  if (headers.length > 0) server.once('headers', addHeaders);
  try {
    server.handleUpgrade(request, socket, head, (opened) => (webSocket = opened));
  } catch {
    // ws throws for nothing else
    warnOnce('Another WebSocket server took an upgrade');
    return null;
  } finally {
    server.off('headers', addHeaders);
  }
  return webSocket;
}

let hasWarned = false;

function warnOnce(what: string): void {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(`velox: ${what} that Velox serves. ${ADVICE}`, { type: 'VeloxWarning' });
}

const ADVICE =
  'Velox sees upgrades before other listeners do, unless the server emits them by itself or a listener of `request` takes them. ' +
  'Call `attach(server, path)`, or make the other library ignore upgrades whose query has `velox=3`.';
