import { createConnection, type Sync } from './connection.js';
import { VeloxError } from './error.js';
import type { Transport } from './transport.js';
import { sse } from './transports/sse.js';
import { websocket, type WebSocketOptions } from './transports/websocket.js';

/** How to reach an endpoint. */
export interface ConnectOptions extends WebSocketOptions {
  /** Default `auto`: WebSocket, and server-sent events where that cannot open. */
  readonly transport?: 'auto' | 'websocket' | 'sse' | undefined;
  /** Own ways to connect, in the order of preference, instead of those that `transport` names. */
  readonly transports?: readonly Transport[] | undefined;
  /** Sent with each attempt, where the transport can: a browser's WebSocket cannot. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Makes a connection to an endpoint; nothing is opened before a replica is wanted. (`createConnection` does the same with only
 * the transports that it is given, so that a bundle leaves the others out.)
 *
 * @param url relative ones are resolved against the document, in a worker against its script.
 * @throws VeloxError `bad-url`; `no-transport` when there is no way to connect.
 */
export function connect(url: string, options: ConnectOptions = {}): Sync {
  const { transport = 'auto', headers } = options;
  const ways = options.transports ?? [websocket(options), sse()];
  const transports = ways.filter((way) => !!way && (transport === 'auto' || transport === way.name));
  if (!transports.length)
    throw new VeloxError('no-transport', `no ${transport} here. Pass a WebSocket class.`);
  return createConnection({ url: resolve(url), transports, headers });
}

/** The absolute URL of an endpoint. */
export function resolve(url: string): string {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
  } catch (cause) {
    throw new VeloxError('bad-url', `'${url}' is no URL here. Give an absolute one.`, { cause });
  }
}
