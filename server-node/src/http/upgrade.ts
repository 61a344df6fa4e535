/**
 * WebSocket with no further line: an upgrade is sent through the server's own `request` listeners, so that middleware in front
 * of an endpoint (a login check, say) runs for it as for any request, and `handle` then takes the socket.
 */
import { channel } from 'node:diagnostics_channel';
import { Server as HttpServer, ServerResponse, type IncomingMessage } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { isVelox } from './negotiate.js';

/** A server of Node that an endpoint can be attached to. */
export type WebServer = HttpServer | HttpsServer;

/** An upgrade under way: whoever takes it must detach the response first. */
interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly response: ServerResponse;
  readonly onDrain: () => void;
}

/** What a process has once, also where this module is there twice: after a hot reload, or in two versions. */
interface Shared {
  readonly upgrades: WeakMap<IncomingMessage, Upgrade>;
  /** Those that somebody has begun: us, or the application by `upgrade()`. */
  readonly begun: WeakSet<IncomingMessage>;
  readonly adopted: WeakSet<NetServer>;
  watching: boolean;
}

const SHARED = Symbol.for('velox.upgrades.1');
const shared = ((globalThis as { [SHARED]?: Shared })[SHARED] ??= {
  upgrades: new WeakMap(),
  begun: new WeakSet(),
  adopted: new WeakSet(),
  watching: false,
});
const { upgrades, begun, adopted } = shared;

/** From now on, each web server of this process gets its one upgrade listener with its first connection. */
export function watchServers(): void {
  if (shared.watching) return;
  shared.watching = true;
  channel('net.server.socket').subscribe((event) => {
    const server = serverOf((event as { socket: Socket }).socket);
    if (server instanceof HttpServer || server instanceof HttpsServer) adopt(server);
  });
}

/**
 * Sees to it that the next upgrade that comes the way of a request is taken, where this one was not. False where that cannot
 * be: something in between took it for a plain request, or the server is not one of Node's.
 */
export function adoptServerOf({ socket, headers }: IncomingMessage): boolean {
  const server = serverOf(socket);
  // It brought an HTTP/1.1 request, so it is one of node:http, node:https, or node:http2 with `allowHTTP1`.
  if (!(server instanceof NetServer) || !/\bupgrade\b/i.test(headers.connection ?? '')) return false;
  adopt(server);
  return true;
}

/** Not in the public types, yet how Node links a socket to its server. */
function serverOf(socket: object): unknown {
  return (socket as { server?: unknown }).server;
}

/** Adds the one upgrade listener that a server gets, however many endpoints it has. */
export function adopt(server: NetServer): void {
  if (adopted.has(server)) return;
  adopted.add(server);
  server.on('upgrade', onUpgrade);
  // Newer versions of Node ask first what is to be an upgrade; older ones go by the presence of listeners.
  const asked = server as { shouldUpgradeCallback?: (request: IncomingMessage) => boolean };
  const others = asked.shouldUpgradeCallback;
  if (!others) return;
  asked.shouldUpgradeCallback = (request) =>
    isOurs(request) || (server.listenerCount('upgrade') > 1 && others.call(server, request));
}

function isOurs({ url = '', headers }: IncomingMessage): boolean {
  return isVelox(url) && headers.upgrade?.toLowerCase() === 'websocket';
}

function onUpgrade(this: NetServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (isOurs(request)) {
    void whenFree(socket).then(() => {
      if (socket.destroyed || begun.has(request)) return; // the application's own listener has taken it
      begun.add(request);
      this.emit('request', request, begin(request, socket, head));
    });
  } else if (this.listenerCount('upgrade') === 1) {
    void whenFree(socket).then(() => socket.destroyed || decline(this, request, socket, head));
  } // else it is somebody else's: a development server's, for instance
}

/**
 * Starts an upgrade that the application hands over, when earlier requests of the connection are answered; undefined where it has
 * been started before, or runs as a request already.
 */
export async function claim(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<ServerResponse | undefined> {
  if (begun.has(request)) return undefined;
  begun.add(request);
  await whenFree(socket);
  return begin(request, socket, head);
}

/** The response that middleware may answer an upgrade on is bound to the socket, and with its end the socket ends. */
function begin(request: IncomingMessage, socket: Duplex, head: Buffer): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  const onDrain = (): void => void response.emit('drain');
  socket.on('drain', onDrain);
  response.once('finish', () => {
    upgrades.delete(request);
    // The server forgot the socket with the upgrade: nobody else would end the half that a peer leaves open.
    socket.end(() => socket.destroy());
  });
  upgrades.set(request, { socket, head, response, onDrain });
  return response;
}

/** Takes the upgrade that came with a request, if one did and nobody has answered it; the socket is then the caller's. */
export function takeUpgrade(request: IncomingMessage): Pick<Upgrade, 'socket' | 'head'> | undefined {
  const upgrade = upgrades.get(request);
  if (!upgrade || upgrade.response.headersSent) return undefined;
  upgrades.delete(request);
  upgrade.response.detachSocket(upgrade.socket as Socket);
  upgrade.socket.off('drain', upgrade.onDrain);
  return upgrade;
}

/** Resolves when no earlier response of a connection is under way: where a client does not wait, its upgrade has to. */
async function whenFree(socket: Duplex): Promise<void> {
  socket.on('error', () => socket.destroy()); // the server took its own listener away
  const { setTimeout } = socket as Partial<Socket>;
  for (;;) {
    const { _httpMessage: former } = socket as { _httpMessage?: ServerResponse | null };
    if (!former) return;
    await new Promise((resolve) => former.once('close', resolve));
    setTimeout?.call(socket, 0); // for the server it was idle from here on
  }
}

/** Gives a request back to its server, which then takes it as it would without us: for a plain one, with its body. */
function decline(server: NetServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  server.emit(server instanceof TlsServer ? 'secureConnection' : 'connection', socket);
  // What counts is whether anybody listens at the moment when the head is parsed: within this `emit`.
  server.off('upgrade', onUpgrade);
  try {
    socket.emit('data', Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  } finally {
    server.on('upgrade', onUpgrade);
  }
  if (head.length > 0) socket.unshift(head);
}
