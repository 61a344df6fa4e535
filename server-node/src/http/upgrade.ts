/**
 * WebSocket without an extra line of code: an upgrade is sent through the server's own `request` listeners, so that middleware in front
 * of an endpoint (a login check, for example) runs for it as for any request, and `handle` then takes the socket.
 */
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { parseAgain, responseUnderWay, serverOf } from '../transports/socket/internals.js';
import { NOTHING } from '../transports/exchange.js';
import { isVelox } from './negotiate.js';
import { nodeExchange } from './node-exchange.js';

type Emit = (event: string, ...values: unknown[]) => boolean;
type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** An upgrade whose socket is the caller's. */
export interface TakenUpgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Lines that middleware set for the answer, as `name: value`. */
  readonly headers: readonly string[];
}

/** An upgrade that runs through the request listeners. The response must be detached before the socket is used. */
interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly response: ServerResponse;
  readonly detach: () => void;
}

/** State of the process: it is shared if this module is loaded twice, after a hot reload or in two versions. */
interface Shared {
  readonly upgrades: WeakMap<IncomingMessage, Upgrade>;
  /** Upgrades that Velox or the application, by `upgrade()`, has begun. */
  readonly begun: WeakSet<IncomingMessage>;
  /** Servers whose application hands upgrades over by `upgrade()`: there, its listeners come first. */
  readonly explicit: WeakSet<object>;
  /** Whether an endpoint serves WebSockets without `velox=3`. */
  takesUnversioned?: boolean;
}

const SHARED = Symbol.for('velox.upgrades.2');
const shared = ((globalThis as { [SHARED]?: Shared })[SHARED] ??= {
  upgrades: new WeakMap(),
  begun: new WeakSet(),
  explicit: new WeakSet(),
});
const { upgrades, begun, explicit } = shared;

/** From now on, WebSocket handshakes without `velox=3` are for endpoints as well, on servers that have no other upgrade listener. */
export function takeUnversioned(): void {
  shared.takesUnversioned = true;
}

export const isWebSocket = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket';

/** Whether a request is a WebSocket handshake that an endpoint may take. */
export function isVeloxUpgrade(server: NetServer, request: IncomingMessage): boolean {
  if (!isWebSocket(request)) return false;
  return (
    isVelox(request.url ?? '') || (shared.takesUnversioned === true && server.listenerCount('upgrade') === 1)
  );
}

/**
 * Sends the handshake of a Velox client through the request listeners of its server. Returns whether it keeps the event from the
 * server's upgrade listeners. If the request listeners know no such path, those listeners get the event after all.
 *
 * @param isOurs whether an endpoint is attached to the path
 * @param emit emits an event to the server's own listeners
 */
export function dispatchUpgrade(
  server: NetServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  isOurs: boolean,
  emit: Emit,
): boolean {
  if (!isVeloxUpgrade(server, request)) return false;
  const hasOthersFirst = explicit.has(server) && !isOurs;
  if (hasOthersFirst) emit('upgrade', request, socket, head);
  void whenFree(socket).then(() => {
    if (socket.destroyed || begun.has(request)) return; // the application's listener has taken it
    begun.add(request);
    const response = begin(request, socket, head);
    const hasOthers = !isOurs && server.listenerCount('upgrade') > 1;
    const release = (): void => {
      if (hasOthersFirst) refuseUnclaimed(request, socket, head);
      else emit('upgrade', request, socket, head);
    };
    const withdraw = hasOthers ? releaseUnknown(request, response, release) : undefined;
    if (server.emit('request', request, response)) return;
    if (withdraw) withdraw();
    else nodeExchange(request, response).answer(NOTHING, {});
  });
  return true;
}

/** How long a listener may check a handshake before it calls `upgrade()`, in ms, if the request listeners do not know the path. */
const CLAIM_MS = 10_000;

/** Refuses a handshake that the upgrade listeners have got, unless one of them takes it in time. */
function refuseUnclaimed(
  request: IncomingMessage,
  socket: Duplex & { bytesWritten?: number },
  head: Buffer,
): void {
  const { bytesWritten } = socket;
  const forget = (): void => clearTimeout(timer); // it would keep the request of a peer that has left
  socket.once('close', forget);
  const timer = setTimeout(() => {
    socket.off('close', forget);
    const isAnswered = bytesWritten === undefined || socket.bytesWritten !== bytesWritten;
    if (socket.destroyed || begun.has(request) || isAnswered) return;
    begun.add(request);
    nodeExchange(request, begin(request, socket, head)).answer(NOTHING, {});
  }, CLAIM_MS).unref();
}

/**
 * Answers by which request listeners refuse a handshake. Any other answer means that nothing is mounted at its path, also 501, which a
 * Velox server answers behind a proxy that passed the handshake on as a plain request.
 */
function isRefusal(status: number): boolean {
  return [401, 403, 407, 429, 500].includes(status) || status > 501 || (status >= 300 && status < 400);
}

/**
 * Withdraws the response if its head says that the path is unknown: nothing of it is written then, and `release` is called.
 *
 * @returns withdraws it in any case
 */
function releaseUnknown(request: IncomingMessage, response: ServerResponse, release: () => void): () => void {
  const writeHead = response.writeHead.bind(response) as (...values: unknown[]) => ServerResponse;
  const withdraw = (): void => {
    const upgrade = upgrades.get(request);
    if (!upgrade) return;
    upgrade.detach();
    begun.delete(request);
    response.on('error', () => undefined); // further writes fail, without harm
    queueMicrotask(() => {
      response.destroy();
      response.emit('close');
      while (upgrade.socket.writableCorked > 0) upgrade.socket.uncork(); // a response corks its socket while it writes
      if (!upgrade.socket.destroyed) release();
    });
  };
  response.writeHead = (status: number, ...values: unknown[]) => {
    if (!isRefusal(status)) withdraw();
    return writeHead(status, ...values);
  };
  return withdraw;
}

/**
 * Starts an upgrade that the application hands over, when earlier requests of the connection are answered. Returns undefined if it was
 * started before, or runs as a request already.
 */
export async function claimUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<ServerResponse | undefined> {
  const server = serverOf(socket);
  if (typeof server === 'object' && server) explicit.add(server);
  if (begun.has(request)) return undefined;
  begun.add(request);
  await whenFree(socket);
  return begin(request, socket, head);
}

/**
 * Creates the response on which middleware may refuse an upgrade. With its end the socket ends.
 *
 * Until the upgrade is taken, the request does not ask for a switch of protocols: a proxy among the request listeners would pass that on,
 * and wait for an answer that never comes.
 */
function begin(request: IncomingMessage, socket: Duplex, head: Buffer): ServerResponse {
  const { connection } = request.headers;
  request.headers.connection = 'close';
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  const onDrain = (): void => void response.emit('drain');
  socket.on('drain', onDrain);
  response.once('finish', onFinish);
  const detach = (): void => {
    request.headers.connection = connection;
    upgrades.delete(request);
    socket.off('drain', onDrain);
    response.off('finish', onFinish);
    response.detachSocket(socket as Socket);
  };
  upgrades.set(request, { socket, head, response, detach });
  return response;

  function onFinish(): void {
    upgrades.delete(request);
    // The server forgot the socket with the upgrade: nothing else would end the half that a peer leaves open.
    socket.end(() => socket.destroy());
  }
}

/** Takes the upgrade that came with a request, unless there is none or it was answered. The socket is then the caller's. */
export function takeUpgrade(request: IncomingMessage): TakenUpgrade | undefined {
  const upgrade = upgrades.get(request);
  if (!upgrade || upgrade.response.headersSent) return undefined;
  const { socket, head, response, detach } = upgrade;
  detach();
  response.on('error', () => undefined);
  if (!process.versions.bun) {
    // Bun writes to a socket that was detached. Node writes nothing here, and middleware sees the head and the end of an answer:
    try {
      response.writeHead(101); // some adds its headers at the last moment (express-session, for example),
      response.end(); // and some waits for the end, to save a session
    } catch (error) {
      socket.destroy(); // no response holds it any more
      throw error;
    }
  }
  return { socket, head, headers: linesOf(response) };
}

/** Headers that belong to the handshake itself, or to a body. */
const OWN_HEADERS = /^(connection|upgrade|keep-alive|transfer-encoding|content-.*|sec-websocket-.*)$/;

function linesOf(response: ServerResponse): string[] {
  return Object.entries(response.getHeaders()).flatMap(([name, value]) =>
    OWN_HEADERS.test(name) ? [] : [value ?? []].flat().map((each) => `${name}: ${each}`),
  );
}

/** Resolves when no earlier response of a connection is under way: an upgrade that is pipelined behind a request has to wait. */
async function whenFree(socket: Duplex): Promise<void> {
  // The server took its own listener away. One connection may bring several upgrades.
  if (!socket.listeners('error').includes(destroyThis)) socket.on('error', destroyThis);
  const { setTimeout } = socket as Partial<Socket>;
  for (let former = responseUnderWay(socket); former; former = responseUnderWay(socket)) {
    const response = former;
    await new Promise((resolve) => response.once('close', resolve));
    setTimeout?.call(socket, 0); // for the server it was idle from here on
  }
}

/** One listener for all sockets. */
function destroyThis(this: Duplex): void {
  this.destroy();
}

/** Gives an upgrade to another protocol back to its server, which then serves it as it would without Velox: as a plain request. */
export async function declineUpgrade(
  server: NetServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  listener: UpgradeListener,
): Promise<void> {
  await whenFree(socket);
  if (socket.destroyed) return;
  parseAgain(server, request, socket, head, (parse) => {
    // Whether a listener exists at this moment decides if Node parses an upgrade.
    server.off('upgrade', listener);
    try {
      parse();
    } finally {
      server.on('upgrade', listener);
    }
  });
}
