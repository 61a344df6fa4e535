import { PROTOCOL_VERSION, type Subscription } from '@velox/core/protocol';
import { refuse, type Answer } from '../transports/exchange.js';
import type { RequestHead } from '../transports/request-head.js';

/** The kind of answer that a request asks an endpoint for. */
export type Wanted =
  | { readonly kind: 'websocket' }
  /** An event stream by GET. `isKept`: its session outlives its link. */
  | { readonly kind: 'sse'; readonly subscription: Subscription; readonly isKept: boolean }
  /** Frames of a client: they open an event stream (`stream`) or a session by polling, or go to an existing session. */
  | { readonly kind: 'post'; readonly stream: boolean; readonly session: string | undefined }
  | { readonly kind: 'poll'; readonly session: string }
  /** The same topic for a client of version 2 of the protocol. */
  | { readonly kind: 'version-2' | 'version-2-websocket'; readonly topic: string }
  | { readonly kind: 'preflight' }
  | { readonly kind: 'json'; readonly topic: string }
  /** Meant for Velox, but not available. */
  | { readonly kind: 'refused'; readonly answer: Answer }
  /** Not meant for Velox at all. */
  | { readonly kind: 'foreign' };

/** The query that was parsed last: a handshake is asked for it three times, and clients of one page have the same. */
let last: { readonly url: string; readonly parameters: URLSearchParams } | undefined;

/** Returns the query of a URL, which must not be changed. */
export function query(url: string): URLSearchParams {
  if (last?.url !== url) {
    const start = url.indexOf('?');
    last = { url, parameters: new URLSearchParams(start < 0 ? '' : url.slice(start)) };
  }
  return last.parameters;
}

/** Whether a request says that it comes from a client of this protocol. */
export function isVelox(url: string): boolean {
  return query(url).has('velox');
}

/**
 * Determines the wanted answer from method, query and headers (PROTOCOL.md, "Requests").
 *
 * @param version2 whether clients of version 2 are served: undefined means over event streams alone
 */
export function negotiate({ method, url, header }: RequestHead, version2?: boolean): Wanted {
  const parameters = query(url);
  const spoken = parameters.get('velox');
  const webSocket = header('upgrade')?.toLowerCase() === 'websocket';
  const accepted = header('accept') ?? '*/*';
  const stream = webSocket || accepts(accepted, 'text/event-stream');
  const session = header('velox-session');

  if (spoken === null && method === 'GET' && version2 !== false) {
    const topic = parameters.get('topic') ?? '';
    if (accepted === 'text/event-stream') return { kind: 'version-2', topic };
    if (webSocket && version2) return { kind: 'version-2-websocket', topic };
  }
  if (spoken === null && (webSocket || !['GET', 'HEAD'].includes(method))) return { kind: 'foreign' };
  if (spoken !== `${PROTOCOL_VERSION}` && (spoken !== null || stream)) {
    return { kind: 'refused', answer: UNSUPPORTED };
  }
  if (method === 'OPTIONS') return { kind: 'preflight' };
  if (method === 'POST') return { kind: 'post', stream, session };
  // A HEAD request is useful for a value. A HEAD poll would lose the messages that it takes.
  const isServed = method === 'GET' || (method === 'HEAD' && !stream && session === undefined);
  if (!isServed) return { kind: 'refused', answer: BAD_METHOD };
  if (webSocket) return { kind: 'websocket' };
  if (stream) {
    const isKept = parameters.get('keep') === '1';
    return { kind: 'sse', subscription: subscription(parameters, header('last-event-id')), isKept };
  }
  if (session !== undefined) return { kind: 'poll', session };
  if (accepts(accepted, 'application/json') || typesIn(accepted).join() === '*/*') {
    return { kind: 'json', topic: parameters.get('topic') ?? '' };
  }
  if (spoken === null) return { kind: 'foreign' };
  return { kind: 'refused', answer: NOT_ACCEPTABLE };
}

const UNSUPPORTED = refuse(400, 'unsupported-version', `Streams need the query velox=${PROTOCOL_VERSION}.`);
const BAD_METHOD = refuse(405, 'bad-method', 'This method is not served here.', { allow: 'GET, HEAD, POST' });
const NOT_ACCEPTABLE = refuse(
  406,
  'not-acceptable',
  'Accept text/event-stream or application/json, or open a WebSocket.',
);

/** Whether an `Accept` lists a type. An `EventSource` lists one alone, which takes no parsing. */
function accepts(accepted: string, type: string): boolean {
  return accepted === type || typesIn(accepted).includes(type);
}

function typesIn(accepted: string): (string | undefined)[] {
  return accepted.split(',').map((type) => type.split(';')[0]?.trim());
}

/** Whether an `If-None-Match` names an entity tag, or any; compared weakly (RFC 9110 §13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags: readonly string[] | null = ifNoneMatch.match(/"[^"]*"/g);
  return ifNoneMatch.trim() === '*' || !!tags?.includes(tag);
}

/** The one topic that a GET can ask for. A plain EventSource repeats its first URL, so the newer Last-Event-ID applies. */
function subscription(parameters: URLSearchParams, lastEventId: string | undefined): Subscription {
  const topic = parameters.get('topic') ?? '';
  const last = lastEventId?.match(/^([\w-]+!*):((\d+)(?:\.[\w-]+)?)$/);
  const id = last?.[1] ?? parameters.get('id');
  const version = Number(last?.[3] ?? parameters.get('v'));
  if (!id || !Number.isSafeInteger(version) || version <= 0) return { topic };
  const proof = last ? last[2] : parameters.get('proof');
  return { topic, id, version, ...(proof?.includes('.') && { proof }) };
}
