import type { ErrorCode } from '@velox/core/protocol';
import type { Hub } from './hub.js';
import { negotiate, type RequestHead, type Wanted } from './negotiate.js';
import { corsHeaders, isTrusted } from './origin.js';

/** A whole HTTP answer, for servers of any kind. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What the exchange came to, for the promise of `handle`. */
  readonly outcome: string;
}

type Headers = Readonly<Record<string, string>>;

/** A coded refusal: `{"error":{"code","message"}}`. */
export function refuse(status: number, code: ErrorCode, message: string, headers?: Headers): Answer {
  return {
    kind: 'answer',
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify({ error: { code, message } }),
    outcome: code,
  };
}

/** What a request comes to: an answer, or a stream that is still to be opened; `cors` belongs on either. */
export type Route = { readonly cors: Headers } & (
  Answer | Extract<Wanted, { kind: 'sse' | 'websocket' | 'foreign' }>
);

/** Finds what a request gets from a hub, up to the point where a transport takes over. */
export function route(hub: Hub, head: RequestHead): Route {
  const origin = head.header('origin');
  const cors = corsHeaders(origin, hub.origins);
  const wanted = negotiate(head);
  switch (wanted.kind) {
    case 'refused':
      return { cors, ...refuse(wanted.status, wanted.code, wanted.message, wanted.headers) };
    case 'json':
      return { cors, ...readValue(hub, wanted.topic, head.header('if-none-match')) };
    case 'foreign':
      return { cors, ...wanted };
  }
  if (hub.closed) return { cors, ...refuse(503, 'closed', 'The server goes away.', { 'retry-after': '1' }) };
  if (wanted.kind === 'websocket' && !isTrusted(origin, head.header('host'), hub.origins)) {
    return { cors, ...refuse(403, 'bad-origin', 'Pages of this origin are not served here.') };
  }
  return { cors, ...wanted };
}

/** A topic's value and position as JSON, for a plain GET. */
function readValue(hub: Hub, topic: string, known: string | undefined): Answer {
  const broadcast = hub.find(topic);
  if (!broadcast) return refuse(404, 'not-found', 'There is no such topic.');
  const { id, version } = broadcast.state.position();
  const headers = { etag: `"${id}:${version}"`, 'cache-control': 'no-cache' };
  if (known === headers.etag) {
    return { kind: 'answer', status: 304, headers, body: '', outcome: 'not modified' };
  }
  return {
    kind: 'answer',
    status: 200,
    headers: { 'content-type': 'application/json', ...headers },
    body: broadcast.message(0, true).text,
    outcome: 'value',
  };
}
