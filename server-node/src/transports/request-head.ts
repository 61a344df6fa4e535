import type { IncomingMessage } from 'node:http';

/** Method, URL and headers of a request, whether it came by node:http or by fetch. */
export interface RequestHead {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly header: (name: string) => string | undefined;
}

/** Returns a header of a node:http request; repeated headers are joined by commas. */
export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  // HTTP/2 sends the host as `:authority` (RFC 9113 §8.3.1)
  const value = (name === 'host' && headers[':authority']) || headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** Returns path and query of a node:http request. Proxies may send the whole URL as target (RFC 9112 §3.2.2). */
export function targetOf({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  if (url.startsWith('/')) return url;
  const [, rest] = /^[a-z][a-z\d+.-]*:\/\/[^/?]*(.*)$/i.exec(url) ?? [];
  if (rest === undefined) return url;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Returns the token of `Authorization: Bearer` (RFC 6750 §2.1). It may have spaces inside, as a token in an open frame may. */
export function bearerOf({ header }: RequestHead): string | undefined {
  return header('authorization')?.match(/^Bearer +(\S.*)$/i)?.[1];
}
