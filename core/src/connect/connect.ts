import type { AnyContract, Contract } from '../protocol/contract.js';
import type { Carrier } from '../connection/options.js';
import type { ConnectionOptions } from '../connection/options.js';
import { createConnection } from '../connection/connection.js';
import { VeloxError } from '../protocol/error.js';
import { createSync, type Sync } from '../events/sync.js';
import type { Transport } from '../connection/transport.js';
import { polling } from '../transports/requests.js';
import { sse } from '../transports/sse.js';
import { websocket, type WebSocketClass } from '../transports/websocket.js';

/** How to reach an endpoint. */
export interface ConnectOptions extends Omit<ConnectionOptions, 'url' | 'transports'> {
  /** Default: the global one, if there is any. In Node 20: that of the package `ws`. */
  readonly WebSocket?: WebSocketClass | undefined;
  /** Default `auto`: WebSocket; where that cannot open, server-sent events; and long-polling where those do not pass either. */
  readonly transport?: 'auto' | 'websocket' | 'sse' | 'polling' | undefined;
  /** Own ways to connect, in the order of preference; of these, too, `transport` may choose one by its name. */
  readonly transports?: readonly (Transport | undefined)[] | undefined;
}

/**
 * Makes a connection to an endpoint; nothing is opened before a replica or an event is wanted. (`createConnection` does the same for
 * replicas alone, with only the transports that it is given, so that a bundle leaves out the rest.)
 *
 * @example const board = connect<App>('/sync').replica('board')
 * @param url relative ones are resolved against the document, in a worker against its script.
 * @throws VeloxError `no-transport` when there is no way to connect; TypeError when `url` is none.
 */
export function connect<C extends Contract = AnyContract>(url: string, options?: ConnectOptions): Sync<C> {
  return createSync<C>(carry(url, options));
}

/** The connection alone. */
export function carry(
  url: string,
  {
    WebSocket,
    transport = 'auto',
    transports = [websocket(WebSocket), sse(), polling()],
    ...options
  }: ConnectOptions = {},
): Carrier {
  const chosen = transports.filter(
    (way): way is Transport => !!way && (transport === 'auto' || transport === way.name),
  );
  if (!chosen.length) throw new VeloxError('no-transport', `no ${transport} here. Pass a WebSocket.`);
  return createConnection({ ...options, url: resolve(url), transports: chosen });
}

/** The absolute URL of an endpoint. */
export function resolve(
  url = '',
  base: string | undefined = globalThis.document?.baseURI ?? globalThis.location?.href,
): string {
  return new URL(url, base).href;
}
