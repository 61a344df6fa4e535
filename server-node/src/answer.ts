import type { IncomingMessage } from 'node:http';
import { isVeloxError, type ErrorCode, type Subscription } from '@velox/core/protocol';
import type { Admission } from './admission.js';
import type { Hub } from './hub.js';
import { negotiate, type RequestHead } from './negotiate.js';
import { corsHeaders, isTrusted } from './origin.js';

type Headers = Readonly<Record<string, string>>;

/** A whole HTTP answer, for servers of any kind. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** What the exchange came to, for the promise of `handle`. */
  readonly outcome: string;
}

/** What a request comes to; `cors` belongs on whatever is answered. */
export type Route = { readonly cors: Headers } & (
  | Answer
  | { readonly kind: 'sse'; readonly subscription: Subscription; readonly admission: Admission }
  | { readonly kind: 'websocket' }
  | { readonly kind: 'foreign' }
);

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

/** Finds what a request gets from a hub, up to the point where a transport takes over. */
export async function route(hub: Hub, head: RequestHead, request: IncomingMessage | Request): Promise<Route> {
  const origin = head.header('origin');
  const cors = corsHeaders(origin, hub.origins);
  const wanted = negotiate(head);
  if (wanted.kind === 'foreign') return { cors, ...wanted };
  if (wanted.kind === 'refused') {
    return { cors, ...refuse(wanted.status, wanted.code, wanted.message, wanted.headers) };
  }
  if (hub.closed) return { cors, ...refuse(503, 'closed', 'The server goes away.', { 'retry-after': '1' }) };
  if (wanted.kind === 'websocket') {
    if (isTrusted(origin, head.header('host'), hub.origins)) return { cors, ...wanted };
    return { cors, ...refuse(403, 'bad-origin', 'Pages of this origin are not served here.') };
  }
  try {
    const admission = await hub.admit({ request, header: head.header, token: bearer(head) });
    if (wanted.kind === 'sse') return { cors, ...wanted, admission };
    return { cors, ...(await readValue(hub, admission, wanted.topic, head.header('if-none-match'))) };
  } catch (error) {
    if (!isVeloxError(error)) throw error;
    return { cors, ...refuse(error.code === 'forbidden' ? 403 : 401, error.code, error.message) };
  }
}

/** The token of `Authorization: Bearer` (RFC 6750 §2.1). */
function bearer(head: RequestHead): string | undefined {
  return head.header('authorization')?.match(/^Bearer +(\S+)$/i)?.[1];
}

/** A topic's value and position as JSON, for a plain GET. */
async function readValue(
  hub: Hub,
  admission: Admission,
  topic: string,
  known: string | undefined,
): Promise<Answer> {
  if (!(await hub.maySee(admission, topic))) return refuse(403, 'forbidden', 'You may not see this topic.');
  const broadcast = hub.find(topic);
  if (!broadcast) return refuse(404, 'not-found', 'There is no such topic.');
  const { id, version } = broadcast.state.position();
  const headers = { etag: `"${id}:${version}"`, 'cache-control': 'no-cache' };
  if (known === headers.etag)
    return { kind: 'answer', status: 304, headers, body: '', outcome: 'not modified' };
  return {
    kind: 'answer',
    status: 200,
    headers: { 'content-type': 'application/json', ...headers },
    body: broadcast.message(0, true).text,
    outcome: 'value',
  };
}
