import type { Attempt } from '../connection/transport.js';
import { advise } from './advise.js';

/** Browsers open at most so many HTTP/1.1 connections to one host. */
const MOST_CONNECTIONS = 6;

/** How many links by requests this page has to each host. */
const streams = new Map<string, number>();

/**
 * Counts a link by requests, which occupies an HTTP/1.1 connection. Warns if the page has so many that its other requests wait.
 *
 * @param signal aborted when the link ends
 */
export function noteStream({ url }: Pick<Attempt, 'url'>, signal: AbortSignal): void {
  const { host, protocol } = new URL(url);
  if (!globalThis.document || signal.aborted || !isHttp1(host, protocol)) return;
  const count = (streams.get(host) ?? 0) + 1;
  streams.set(host, count);
  signal.addEventListener('abort', () => streams.set(host, streams.get(host)! - 1), { once: true });
  if (count < MOST_CONNECTIONS) return;
  advise(
    `streams ${host}`,
    `this page has ${count} event streams to ${host}. Browsers open ${MOST_CONNECTIONS} HTTP/1.1 connections to a host, so other requests ` +
      'wait. Let WebSockets pass, serve by HTTP/2, or use one URL with several topics.',
  );
}

/** Whether requests to a host use HTTP/1.1: browsers have HTTP/2 with TLS only, and tell the page's own version. */
function isHttp1(host: string, protocol: string): boolean {
  if (protocol === 'http:') return true;
  const [navigation] = performance.getEntriesByType('navigation') as { readonly nextHopProtocol?: string }[];
  return host === globalThis.location?.host && navigation?.nextHopProtocol === 'http/1.1';
}
