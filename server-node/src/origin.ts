/** Origins that are trusted beside an endpoint's own host: full origins (`https://app.example`), or `'*'` for all. */
export type Origins = readonly string[] | '*';

/** Whether a request from a page of `origin` may act here; without an Origin it does not come from a page. */
export function isTrusted(origin: string | undefined, host: string | undefined, origins: Origins): boolean {
  if (origin === undefined || origins === '*' || origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** What lets a page of another, trusted origin read the answer (CORS); nothing for all others. */
export function corsHeaders(origin: string | undefined, origins: Origins): Record<string, string> {
  if (origin === undefined || (origins !== '*' && !origins.includes(origin))) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    vary: 'Origin',
  };
}
