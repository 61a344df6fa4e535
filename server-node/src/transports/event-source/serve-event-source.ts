import { isVeloxError, type OpenFrame } from '@velox/core/protocol';
import type { Credentials } from '../../access/admission.js';
import { corsHeaders, preflightHeaders } from '../../access/origin.js';
import { checkPage } from '../check-page.js';
import type { Guest } from '../../hub/entrance.js';
import type { Hub } from '../../hub/hub.js';
import type { Session } from '../../sessions/session.js';
import { statusOf } from '../../wire/codes.js';
import { credentialsOf, refuse, type Answer, type Exchange } from '../exchange.js';
import { bearerOf } from '../request-head.js';
import { SSE_HEADERS } from '../sse/serve-sse.js';
import { CLOSED, EventSourceOutlet, type StreamRules } from './outlet.js';

/** The settings of plain event streams, and the open streams. */
export interface EventSources {
  readonly isText: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly name: ((context: unknown, credentials: Credentials) => string | undefined) | undefined;
  /** How long a client waits before it reconnects, in ms; without a session: the delay for all clients. */
  readonly retryOf: (session: Session | undefined) => number;
  readonly open: Set<EventSourceOutlet>;
}

/** How long a client waits before it comes back after a temporary refusal, in ms. */
const COME_BACK_MS = 5_000;

/** Temporary refusals. */
const TEMPORARY = ['going-away', 'too-many', 'timeout', 'unavailable'];

/**
 * Serves a plain EventSource. Resolves with the reason when it is over, or undefined if the request is not for an event stream.
 */
export async function serveEventSource(
  hub: Hub,
  exchange: Exchange,
  sources: EventSources,
): Promise<{ readonly outcome: string | Promise<string> } | undefined> {
  const { head } = exchange;
  const origin = head.header('origin');
  const cors = corsHeaders(origin, hub.origins);
  const answer = (content: Answer): { outcome: string } => {
    exchange.answer(content, cors);
    return content;
  };
  if (head.url.length > hub.serverLimits.url) {
    return answer(refuse(414, 'too-long', 'The URL is longer than limits.url allows. Shorten it.'));
  }
  if (head.method === 'OPTIONS') {
    const headers = preflightHeaders(origin, head.header('access-control-request-headers'), hub.origins);
    return answer({ status: 204, headers, body: '', outcome: 'preflight' });
  }
  if (head.method !== 'GET') return undefined;
  const position = head.header('last-event-id');
  // An EventSource reconnects after any end except this answer.
  if (position === CLOSED) return answer({ status: 204, headers: {}, body: '', outcome: 'closed' });
  try {
    if (hub.isClosed) return answer(comeBack('going-away'));
    checkPage(hub, head);
    const credentials = { ...credentialsOf(exchange), token: bearerOf(head) };
    const wait = hub.admissions.open(credentials);
    if (wait !== undefined) return answer(comeBack('too-many', wait));
    const admission = await hub.admissions.admit(credentials);
    const name = sources.name?.(admission.context, credentials);
    const admitted = name ? { ...admission, name } : admission;
    const open = openOf(position);
    await hub.entrance.prepare(admitted, open);
    return { outcome: stream(hub, exchange, cors, sources, admitted, open) };
  } catch (error) {
    if (!isVeloxError(error)) throw error;
    const { retry } = hub.entrance.retryOf(error);
    if (TEMPORARY.includes(error.code)) return answer(comeBack(error.code, retry || COME_BACK_MS));
    return answer(refuse(statusOf(error), error.code, error.message));
  }
}

function stream(
  hub: Hub,
  exchange: Exchange,
  cors: Readonly<Record<string, string>>,
  sources: EventSources,
  admission: Guest,
  open: OpenFrame['open'],
): Promise<string> {
  let end: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => (end = resolve));
  // A session that `onConnect` closes gets hello and its goodbye before `Hub.open` returns it.
  let opened: Session | undefined;
  const rules: StreamRules = {
    isText: sources.isText,
    retry: () => sources.retryOf(opened),
    hasLostSession: (link) => open.session !== undefined && link === 1,
    onCall: (reply) => {
      const error = { code: 'no-handler', message: 'a plain event stream cannot answer calls.' };
      queueMicrotask(() => hub.messaging.reply(session, { reply, error }));
    },
  };
  const outlet = new EventSourceOutlet(
    exchange.stream(
      { ...SSE_HEADERS, ...sources.headers, ...cors },
      {
        isCompressible: false,
        onDrain: () => void (outlet.drained() && session.drained(outlet)),
        onClose(reason) {
          sources.open.delete(outlet);
          hub.leave(session, outlet, reason);
          end(reason);
        },
      },
    ),
    rules,
    open.ack ?? 0,
  );
  const session: Session = (opened = hub.open(outlet, admission, open, {
    frames: [],
    credentials: credentialsOf(exchange),
  }));
  sources.open.add(outlet);
  return ended;
}

/** The session and the newest event that a Last-Event-ID names. */
function openOf(position: string | undefined): OpenFrame['open'] {
  const [, session, number] = /^([\w.-]{1,64}):(\d{1,15})$/.exec(position ?? '') ?? [];
  return session === undefined ? {} : { session, ack: Number(number) };
}

/** An answer after which an EventSource reconnects: it gives up at any status other than 200. */
function comeBack(outcome: string, ms: number = COME_BACK_MS): Answer {
  return { status: 200, headers: SSE_HEADERS, body: `retry: ${Math.ceil(ms)}\n\n`, outcome };
}
