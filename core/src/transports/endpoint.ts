import { PROTOCOL_VERSION } from '../protocol/frames.js';

/** The endpoint's URL with the query that asks for this version of the protocol. */
export function endpoint(url: string): URL {
  const target = new URL(url);
  target.searchParams.set('velox', `${PROTOCOL_VERSION}`);
  return target;
}
