import { checkConnect, EXPLAINED } from '#development';
import type { AnyContract, Contract } from '../protocol/contract.js';
import { createEventConnection } from '../connection/connection.js';
import type { ConnectionOptions, EventConnection } from '../connection/options.js';
import type { Transport } from '../connection/transport.js';
import { VeloxError } from '../protocol/error.js';
import { createSync, type Sync } from '../events/sync.js';
import { polling, sse } from '../transports/requests.js';
import { websocket, type WebSocketClass } from '../transports/websocket.js';

/** How to reach an endpoint. */
export interface ConnectOptions extends Omit<ConnectionOptions, 'url' | 'transports'> {
  /** Default: the global one, if there is any. In Node 20: that of the package `ws`. */
  readonly WebSocket?: WebSocketClass | undefined;
  /** Default `auto`: WebSocket; if that cannot open, server-sent events; if those fail as well, long-polling. */
  readonly transport?: 'auto' | 'websocket' | 'sse' | 'polling' | undefined;
  /** Own transports, in the order of preference; `transport` may choose one of these by its name, too. */
  readonly transports?: readonly (Transport | undefined)[] | undefined;
}

/**
 * Connects to an endpoint; nothing is opened before a replica or an event is wanted. (`createConnection` does the same for
 * replicas alone, with only the transports that it is given, so that a bundle leaves out the rest.)
 *
 * @example const board = connect<App>('/sync').replica('board')
 * @param url relative ones are resolved against the document, in a worker against its script.
 * @throws VeloxError `no-transport` if no transport is available; `bad-url` if `url` is none, or relative without a document.
 */
export function connect<C extends Contract = AnyContract>(url: string, options?: ConnectOptions): Sync<C> {
  checkConnect(options);
  return createSync<C>(connectionTo(url, options));
}

/** As {@link connect}, without events, calls and rooms. */
export function connectionTo(
  url: string,
  {
    WebSocket,
    transport = 'auto',
    transports = [websocket(WebSocket), sse(), polling()],
    ...options
  }: ConnectOptions = {},
): EventConnection {
  const chosen = transports.filter(
    (each): each is Transport => !!each && (transport === 'auto' || transport === each.name),
  );
  if (!chosen.length) throw new VeloxError('no-transport', EXPLAINED && explain(transport));
  return createEventConnection({ ...options, url: resolve(url), transports: chosen });
}

/** Why no transport is available, for developers. */
const explain = (transport: string): string =>
  `the transport "${transport}" is not available. Use "auto", "websocket", "sse" or "polling". Node 20 needs the option WebSocket.`;

/** The absolute http(s) URL of an endpoint, also for a URL of the scheme ws or wss. */
export function resolve(
  url = '',
  base: string | undefined = globalThis.document?.baseURI ?? globalThis.location?.href,
): string {
  try {
    return new URL(url, base).href.replace(/^ws/, 'http');
  } catch {
    throw new VeloxError('bad-url', EXPLAINED && `"${url}" is no URL here. Pass an absolute one.`);
  }
}
