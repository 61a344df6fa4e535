import type { ConnectOptions } from '../connect/connect.js';
import type { Transport } from '../connection/transport.js';

/** Name and password for HTTP's Basic authentication (RFC 7617). */
export interface BasicCredentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** The header `Authorization`, in UTF-8. */
export function withBasic(
  headers: ConnectOptions['headers'],
  { username = '', password = '' }: BasicCredentials,
): ConnectOptions['headers'] {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  const basic = { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
  if (typeof headers !== 'function') return { ...headers, ...basic };
  return async () => ({ ...(await headers()), ...basic });
}

/** A WebSocket sends no headers in a browser: its URL carries name and password. `fetch` refuses such a URL. */
export function withUserInfo(
  transport: Transport | undefined,
  { username = '', password = '' }: BasicCredentials,
): Transport | undefined {
  if (transport?.name !== 'websocket') return transport;
  const wrapped: Transport = (attempt, events) => {
    const url = Object.assign(new URL(attempt.url), { username, password }).href;
    return transport({ ...attempt, url }, events);
  };
  return Object.defineProperty(wrapped, 'name', { value: transport.name });
}
