import type { Attempt } from '../connection/transport.js';
import { basic } from './basic.js';
import { endpoint } from './endpoint.js';

/**
 * A request of a link. A URL may have credentials, as a page's own may, and `fetch` refuses such URLs: they travel as Basic
 * authorization, unless the application has set that header, in any case of letters. The last of several headers of one name is sent,
 * because `fetch` would join their values.
 *
 * @param own headers of the transport
 * @param query its defined members follow the version of the protocol
 */
export function request(
  { url, headers, credentials = 'include' }: Pick<Attempt, 'url' | 'headers' | 'credentials'>,
  own: Readonly<Record<string, string>>,
  init: RequestInit,
  query: Readonly<Record<string, string | number | undefined>> = {},
): Promise<Response> {
  const target = endpoint(url);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) target.searchParams.set(name, `${value}`);
  }
  const sent: Record<string, string> = { ...own, ...((target.username && basic(target)) as object) };
  for (const [name, value] of Object.entries(headers)) sent[name.toLowerCase()] = value;
  target.username = target.password = '';
  return fetch(target.href, {
    credentials,
    cache: 'no-store',
    ...init,
    headers: sent,
  });
}
