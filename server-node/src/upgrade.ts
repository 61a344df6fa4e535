/**
 * WebSocket with no further line: an upgrade is sent through the server's own `request` listeners, so that middleware in front
 * of an endpoint (a login check, say) runs for it as for any request, and `handle` then takes the socket.
 */
import { channel } from 'node:diagnostics_channel';
import { Server as HttpServer, ServerResponse, type IncomingMessage } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isVelox } from './negotiate.js';

export type WebServer = HttpServer | HttpsServer;

/** An upgrade under way: whoever takes it must detach the response first. */
interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly response: ServerResponse;
}

/** What a process has once, also where this module is there twice: after a hot reload, or in two versions. */
interface Shared {
  readonly upgrades: WeakMap<IncomingMessage, Upgrade>;
  readonly adopted: WeakSet<WebServer>;
  watching: boolean;
}

const SHARED = Symbol.for('velox.upgrades.1');
const shared = ((globalThis as { [SHARED]?: Shared })[SHARED] ??= {
  upgrades: new WeakMap(),
  adopted: new WeakSet(),
  watching: false,
});
const { upgrades, adopted } = shared;

/** From now on, each web server of this process gets its one upgrade listener with its first connection. */
export function watchServers(): void {
  if (shared.watching) return;
  shared.watching = true;
  channel('net.server.socket').subscribe((event) => adoptServerOf((event as { socket: Socket }).socket));
}

/** Adopts the server of a connection, where it is one of node:http or node:https. */
export function adoptServerOf(socket: object): void {
  const { server } = socket as { server?: unknown }; // not in the public types, yet how Node links a socket to its server
  if (server instanceof HttpServer || server instanceof HttpsServer) adopt(server);
}

/** Adds the one upgrade listener that a server gets, however many endpoints it has. */
export function adopt(server: WebServer): void {
  if (adopted.has(server)) return;
  adopted.add(server);
  server.on('upgrade', (request, socket, head) => {
    // Somebody else's, a development server's for instance, unless nobody else listens: then Node without this listener
    // would have treated it as a plain request.
    if (!isVelox(request.url ?? '') && server.listenerCount('upgrade') > 1) return;
    const response = begin(request, socket, head);
    server.emit('request', request, response);
  });
}

/** Starts an upgrade: the response that middleware may answer on is bound to the socket. */
export function begin(request: IncomingMessage, socket: Duplex, head: Buffer): ServerResponse {
  socket.on('error', () => socket.destroy());
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.once('finish', () => {
    if (upgrades.delete(request)) response.detachSocket(socket as Socket);
    socket.end();
  });
  upgrades.set(request, { socket, head, response });
  return response;
}

/** Takes the upgrade that came with a request, if one did and nobody has answered it; the socket is then the caller's. */
export function takeUpgrade(request: IncomingMessage): Omit<Upgrade, 'response'> | undefined {
  const upgrade = upgrades.get(request);
  if (!upgrade || upgrade.response.headersSent) return undefined;
  upgrades.delete(request);
  upgrade.response.detachSocket(upgrade.socket as Socket);
  return upgrade;
}

/** Whether a request came as an upgrade that `takeUpgrade` can take. */
export function isUpgrade(request: IncomingMessage): boolean {
  return upgrades.has(request);
}
