/** Origins that are trusted beside an endpoint's own host: full origins (`https://app.example`), or `'*'` for all. */
export type Origins = readonly string[] | '*';

type Headers = Readonly<Record<string, string>>;

/**
 * Whether a request from a page of `origin` may act here. Without an Origin it does not come from a page, unless `Sec-Fetch-Site` says
 * that another site caused it: an old form or a link sends cookies, too.
 *
 * @param site the header `Sec-Fetch-Site` (Fetch Metadata), which only browsers can set
 */
export function isTrusted(
  origin: string | undefined,
  host: string | undefined,
  origins: Origins,
  site?: string,
): boolean {
  if (origin === undefined) return origins === '*' || (site !== 'cross-site' && site !== 'same-site');
  if (isListed(origin, origins)) return true;
  const page = urlOf(origin);
  // Host names no scheme, and behind a proxy only the page knows which one was spoken.
  return host !== undefined && page !== undefined && urlOf(`${page.protocol}//${host}`)?.href === page.href;
}

/** The headers that let a page of another, listed origin read the answer (CORS). */
export function corsHeaders(origin: string | undefined, origins: Origins): Headers {
  const vary = { vary: 'Origin' }; // also for refused origins: a cache must not give them another origin's answer
  if (origin === undefined || !isListed(origin, origins)) return vary;
  return { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true', ...vary };
}

/** The headers that a page of another, listed origin may send (CORS), including an application's own. */
export function preflightHeaders(
  origin: string | undefined,
  asked: string | undefined,
  origins: Origins,
): Headers {
  if (origin === undefined || !isListed(origin, origins)) return {};
  return {
    'access-control-allow-methods': 'GET, POST',
    ...(asked && { 'access-control-allow-headers': asked }),
    'access-control-max-age': '600',
  };
}

function isListed(origin: string, origins: Origins): boolean {
  return origins === '*' || origins.some((each) => normal(each) === normal(origin));
}

/**
 * The normal form of an origin: a default port, upper case and an IP address have several. A value that is no URL (`null`) stays
 * unchanged.
 */
function normal(origin: string): string {
  return urlOf(origin)?.href ?? origin;
}

function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
