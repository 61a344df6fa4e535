import type { AnyContract, Contract } from './contract.js';
import { createConnection, type Sync } from './connection.js';
import { VeloxError } from './error.js';
import type { Transport } from './transport.js';
import { sse } from './transports/sse.js';
import { websocket, type WebSocketClass } from './transports/websocket.js';

/** How to reach an endpoint. */
export interface ConnectOptions {
  /** Default: the global one, if there is any. In Node 20: that of the package `ws`. */
  readonly WebSocket?: WebSocketClass | undefined;
  /** Default `auto`: WebSocket, and server-sent events where that cannot open. */
  readonly transport?: 'auto' | 'websocket' | 'sse' | undefined;
  /** Own ways to connect, in the order of preference; of these, too, `transport` may choose one by its name. */
  readonly transports?: readonly (Transport | undefined)[] | undefined;
  /** Sent with each attempt, where the transport can: a browser's WebSocket cannot. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Makes a connection to an endpoint; nothing is opened before a replica is wanted. (`createConnection` does the same with only
 * the transports that it is given, so that a bundle leaves the others out.)
 *
 * @example const board = connect<App>('/sync').replica('board')
 * @param url relative ones are resolved against the document, in a worker against its script.
 * @throws VeloxError `no-transport` when there is no way to connect; TypeError when `url` is none.
 */
export function connect<C extends Contract = AnyContract>(
  url: string,
  { WebSocket, transport = 'auto', transports = [websocket(WebSocket), sse()], headers }: ConnectOptions = {},
): Sync<C> {
  const chosen = transports.filter(
    (way): way is Transport => !!way && (transport === 'auto' || transport === way.name),
  );
  if (!chosen.length) throw new VeloxError('no-transport', `no ${transport} here. Pass a WebSocket.`);
  return createConnection({ url: resolve(url), transports: chosen, headers }) as unknown as Sync<C>;
}

/** The absolute URL of an endpoint. */
export function resolve(url: string): string {
  return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
}
