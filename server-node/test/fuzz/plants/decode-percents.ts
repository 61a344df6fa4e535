export * from '../../../src/http/negotiate.js';

/** Malformed percent-encoding in a query throws, where `URLSearchParams` does not. */
export function query(url: string): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : decodeURIComponent(url.slice(start)));
}

export function isVelox(url: string): boolean {
  return query(url).has('velox');
}
