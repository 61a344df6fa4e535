/** Lets Velox see the `upgrade` and `request` events of a server before the server's own listeners do. */
import { channel } from 'node:diagnostics_channel';
import { Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Http2Session } from 'node:http2';
import { Server as HttpsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { targetOf } from '../transports/request-head.js';
import { serverOf } from '../transports/socket/internals.js';
import { Connections } from './connections.js';
import { declineUpgrade, dispatchUpgrade, isVeloxUpgrade, isWebSocket } from './upgrade.js';

/** A server of Node that an endpoint can be attached to. */
export type WebServer = HttpServer | HttpsServer;

type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
type RequestHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A server whose events Velox sees first. */
interface Intercepted {
  /** The endpoints that were attached to a path. */
  readonly attached: Map<string, RequestHandler>;
  /** The paths whose WebSockets are of another protocol. */
  readonly upgrades: Map<string, UpgradeHandler>;
  readonly connections: Connections;
}

/** State of the process: it is shared if this module is loaded twice, after a hot reload or in two versions. */
interface Shared {
  readonly intercepted: WeakMap<NetServer, Intercepted>;
  isWatching: boolean;
}

const SHARED = Symbol.for('velox.servers.2');
const shared = ((globalThis as { [SHARED]?: Shared })[SHARED] ??= {
  intercepted: new WeakMap(),
  isWatching: false,
});

/** Intercepts each web server of this process with its first connection from now on. */
export function watchServers(): void {
  if (shared.isWatching) return;
  shared.isWatching = true;
  channel('net.server.socket').subscribe((event) => {
    const { socket } = event as { socket: Socket };
    const server = serverOf(socket);
    if (!(server instanceof HttpServer || server instanceof HttpsServer) || shared.intercepted.has(server))
      return;
    intercept(server).connections.add(socket); // the first one came before we saw its event
  });
}

/**
 * Intercepts the server of a WebSocket handshake that arrived as a plain request, so that the next handshake is seen. Returns false if
 * that cannot help: a proxy removed `Connection: Upgrade`, or the server is not one of Node's.
 */
export function interceptServerOf({ socket, headers }: IncomingMessage): boolean {
  const server = serverOf(socket);
  // It brought an HTTP/1.1 request, so it is one of node:http, node:https, or node:http2 with `allowHTTP1`.
  if (!(server instanceof NetServer) || !/\bupgrade\b/i.test(headers.connection ?? '')) return false;
  intercept(server);
  return true;
}

/** Serves a path of a server before its own listeners, whenever those were added. Returns whether the path was attached to before. */
export function attachTo(server: WebServer, path: string, handler: RequestHandler): boolean {
  const { attached } = intercept(server);
  const isTaken = attached.has(path);
  attached.set(path, handler);
  return isTaken;
}

/**
 * Hands every WebSocket handshake of a path to `handler`, before the server's own listeners. Returns whether the path had a handler before.
 */
export function attachUpgradesTo(server: WebServer, path: string, handler: UpgradeHandler): boolean {
  const { upgrades } = intercept(server);
  const isTaken = upgrades.has(path);
  upgrades.set(path, handler);
  return isTaken;
}

/** Returns the connections of a server of Node, also connections that it accepts later. */
export function connectionsOf(server: unknown): Connections | undefined {
  return server instanceof NetServer ? intercept(server).connections : undefined;
}

/**
 * Replaces `emit` of a server, once. A listener would not do: other WebSocket libraries answer or destroy each upgrade that they do
 * not know, and all listeners get the same event.
 */
function intercept(server: NetServer): Intercepted {
  const known = shared.intercepted.get(server);
  if (known) return known;
  const attached: Intercepted['attached'] = new Map();
  const connections = new Connections(server);
  const upgrades: Intercepted['upgrades'] = new Map();
  const intercepted = { attached, upgrades, connections };
  shared.intercepted.set(server, intercepted);
  const emit = server.emit.bind(server) as (event: string | symbol, ...values: unknown[]) => boolean;
  const onRequest = (request: IncomingMessage, response: ServerResponse): boolean => {
    const handler = attached.size > 0 && attached.get(pathOf(request));
    if (!handler) return false;
    handler(request, response);
    return true;
  };
  const value = (event: string | symbol, ...values: unknown[]): boolean => {
    if (event === 'connection' || event === 'secureConnection') {
      connections.add(values[0] as Socket);
    } else if (event === 'session') {
      connections.addSession(values[0] as Http2Session); // node:http2 alone emits it
    } else if (event === 'request') {
      if (onRequest(...(values as [IncomingMessage, ServerResponse]))) return true;
    } else if (event === 'upgrade') {
      const [request, socket, head] = values as [IncomingMessage, Duplex, Buffer];
      connections.release(socket);
      const handler = upgrades.size > 0 && isWebSocket(request) && upgrades.get(pathOf(request));
      if (handler) {
        handler(request, socket, head);
        return true;
      }
      const isAttached = attached.size > 0 && attached.has(pathOf(request));
      if (dispatchUpgrade(server, request, socket, head, isAttached, emit)) return true;
    }
    return emit(event, ...values);
  };
  Object.defineProperty(server, 'emit', { value, writable: true, configurable: true });
  const isOther = (request: IncomingMessage): boolean =>
    isWebSocket(request) && upgrades.has(pathOf(request));
  listenForUpgrades(server, isOther);
  return intercepted;
}

/** Makes Node parse upgrades as such: it does so only for a server with a listener. */
function listenForUpgrades(server: NetServer, isOther: (request: IncomingMessage) => boolean): void {
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (server.listenerCount('upgrade') > 1 || isVeloxUpgrade(server, request)) return;
    void declineUpgrade(server, request, socket, head, onUpgrade);
  };
  server.on('upgrade', onUpgrade);
  // Newer versions of Node first ask whether a request is an upgrade; older ones check for listeners.
  const asked = server as { shouldUpgradeCallback?: (request: IncomingMessage) => boolean };
  const others = asked.shouldUpgradeCallback;
  if (!others) return;
  asked.shouldUpgradeCallback = (request) =>
    isVeloxUpgrade(server, request) ||
    isOther(request) ||
    (server.listenerCount('upgrade') > 1 && others.call(server, request));
}

function pathOf(request: IncomingMessage): string {
  const url = targetOf(request);
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
