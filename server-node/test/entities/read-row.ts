import type { Server } from '../leaks/links.js';

/** The answer to a request for a row as plain JSON. */
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly etag: string | null;
  readonly cacheControl: string | null;
}

/** Reads a row as plain JSON. */
export async function readRow(
  { endpoint }: Server,
  name: string,
  topic: string,
  etag: string | undefined,
): Promise<Answer> {
  const headers = { authorization: `Bearer ${name}`, ...(etag && { 'if-none-match': etag }) };
  const response = await endpoint.fetch(new Request(`http://localhost/sync?topic=${topic}`, { headers }));
  return {
    status: response.status,
    text: await response.text(),
    etag: response.headers.get('etag'),
    cacheControl: response.headers.get('cache-control'),
  };
}
