import { isVeloxError, VeloxError } from '@velox/core/protocol';
import type { Admission } from '../access/admission.js';
import { goingAway, statusOf } from '../wire/codes.js';
import { credentialsOf, refuse, type Answer, type Exchange } from '../transports/exchange.js';
import type { Hub } from '../hub/hub.js';
import type { Elsewhere } from './elsewhere.js';
import { isKnown, negotiate } from './negotiate.js';
import { servePost, unknownSession } from './serve-post.js';
import { bearerOf } from '../transports/request-head.js';
import { corsHeaders, preflightHeaders } from '../access/origin.js';
import { checkPage } from '../transports/check-page.js';
import { pollingLinkOf } from '../transports/polling/polling.js';
import { serveSse } from '../transports/sse/serve-sse.js';
import { serveVersion2 } from '../transports/version2/serve-version-2.js';
import type { Version2Client } from '../transports/version2/websocket-link.js';

/**
 * Left to the caller: to complete an upgrade, or to pass on a request that is not meant for Velox, and to refuse it if there is no handler to
 * pass it on to. `client`: it speaks version 2. `retry`: the client is to be refused, and may try again after so many ms.
 */
export type Remainder =
  | { readonly left: 'foreign'; readonly refusal?: Answer }
  | { readonly left: 'websocket'; readonly client?: Version2Client; readonly retry?: number };

/** The result of an exchange, or a promise of it: waiting for a long exchange keeps no data of its start. */
export interface Served {
  readonly outcome: string | Promise<string>;
}

/**
 * Serves one exchange, up to where a WebSocket begins. Resolves with the reason when it is over, or with the work
 * left to the caller.
 *
 * @param elsewhere the other nodes; without them, all sessions are here
 */
export async function serve(
  hub: Hub,
  exchange: Exchange,
  elsewhere?: Elsewhere,
): Promise<Served | Remainder> {
  const { head } = exchange;
  if (head.url.length > hub.serverLimits.url) return { left: 'foreign', refusal: TOO_LONG };
  const origin = head.header('origin');
  const cors = corsHeaders(origin, hub.origins);
  const answer = (content: Answer): { outcome: string } => {
    const vary = [content.headers.vary, cors.vary].filter(Boolean).join(', ');
    exchange.answer(content, vary ? { ...cors, vary } : cors);
    return { outcome: content.outcome };
  };
  const wanted = negotiate(head, hub.version2);
  if (wanted.kind === 'foreign') return { left: 'foreign' };
  if (wanted.kind === 'refused') return answer(wanted.answer);
  if (wanted.kind === 'preflight') {
    const headers = preflightHeaders(origin, head.header('access-control-request-headers'), hub.origins);
    return answer({ status: 204, headers, body: '', outcome: 'preflight' });
  }
  try {
    if (hub.isClosed && wanted.kind !== 'poll') throw goingAway(); // a poll may have its goodbye waiting
    if (wanted.kind !== 'json') checkPage(hub, head);
    const isOpening = wanted.kind !== 'poll' && !('session' in wanted && wanted.session !== undefined);
    const retry = isOpening ? hub.admissions.open(credentialsOf(exchange)) : undefined;
    if (wanted.kind === 'websocket') return { left: 'websocket', ...(retry !== undefined && { retry }) };
    if (retry !== undefined) {
      const headers = { 'retry-after': `${Math.ceil(retry / 1_000)}` };
      return answer(refuse(429, 'too-many', TOO_MANY, headers));
    }
    const admit = (token = bearerOf(head)): Admission | Promise<Admission> =>
      hub.admissions.admit({ ...credentialsOf(exchange), token });
    const prepared = (admission: Admission): Admission | Promise<Admission> =>
      hub.entrance.prepare(admission)?.then(() => admission) ?? admission;
    const enter = (): Admission | Promise<Admission> => {
      const admission = admit();
      return admission instanceof Promise ? admission.then(prepared) : prepared(admission);
    };
    if (elsewhere && 'session' in wanted && elsewhere.hasSession(wanted.session ?? '')) {
      await admit(); // only an authorized client may make nodes talk
      return { outcome: await elsewhere.forward(wanted.session ?? '', exchange, cors) };
    }
    switch (wanted.kind) {
      case 'json':
        return answer(await readValue(hub, await admit(), wanted.topic, head.header('if-none-match')));
      case 'sse': {
        const subscribe = { subscribe: [wanted.subscription] };
        const open = wanted.isKept ? {} : undefined;
        return { outcome: serveSse(hub, exchange, cors, await enter(), open, [subscribe]) };
      }
      case 'version-2': {
        return { outcome: serveVersion2(hub, exchange, cors, await enter(), wanted.topic) };
      }
      case 'version-2-websocket': {
        return { left: 'websocket', client: { admission: await enter(), topic: wanted.topic } };
      }
      case 'poll': {
        const link = pollingLinkOf(hub, wanted.session, await admit(), head.header('velox-link'));
        if (!link) throw hub.isClosed ? goingAway() : unknownSession();
        hub.sessions.confirm(link.session);
        return { outcome: await link.poll(exchange, cors, Number(head.header('velox-poll'))) };
      }
      case 'post':
        return await servePost(hub, exchange, cors, wanted, admit);
    }
  } catch (error) {
    if (!isVeloxError(error)) throw error;
    // The rest of the body is not read.
    const isOver = error.code === 'too-large' || error.code === 'timeout';
    const { retry } = hub.entrance.retryOf(error);
    const headers = {
      ...(isOver && { connection: 'close' }),
      ...(typeof retry === 'number' && { 'retry-after': `${Math.ceil(retry / 1_000)}` }),
    };
    return answer(refuse(statusOf(error), error.code, error.message, headers));
  }
}

const TOO_LONG = refuse(414, 'too-long', 'The URL is longer than limits.url allows. Send a POST.');
const TOO_MANY = 'this address opened too many links. Try again later.';

/** A topic's value and position as JSON, for a plain GET. */
async function readValue(
  hub: Hub,
  admission: Admission,
  topic: string,
  known: string | undefined,
): Promise<Answer> {
  const opened = await hub.topics.open(admission, topic);
  if ('stale' in opened) return refuse(503, 'unavailable', 'The topic has no value yet. Try again later.');
  if ('denied' in opened) {
    if (opened.denied === 'not-found') return refuse(404, 'not-found', 'There is no such topic.');
    if (opened.denied === 'too-many')
      return refuse(503, 'too-many', 'The topic has too many audiences. Try again later.');
    if (opened.denied === 'unauthorized')
      throw new VeloxError('unauthorized', 'the topic has a value for each user. Send a token.');
    throw new VeloxError('forbidden', 'this client may not see the topic. Ask for access.');
  }
  const { frames, versioned } = opened;
  const { stale } = versioned;
  const { id, version } = frames.position;
  const etag = `"${id}:${version}"`;
  // Another client may have to read another value, or none.
  const isPrivate = versioned.isPersonal || hub.admissions.hasAuthorize;
  const headers = {
    etag,
    // A cache would keep `velox-stale` beyond its time.
    'cache-control': `${isPrivate ? 'private, ' : ''}no-${stale === undefined ? 'cache' : 'store'}`,
    ...(isPrivate && { vary: 'Authorization, Cookie' }),
    ...(stale !== undefined && { 'velox-stale': stale }),
  };
  if (stale === undefined && isKnown(known, etag))
    return { status: 304, headers, body: '', outcome: 'not modified' };
  const { text: body, bytes } = frames.message(id, 0, true, 0);
  return {
    status: 200,
    headers: { 'content-type': 'application/json', ...headers },
    body,
    bytes,
    outcome: 'value',
  };
}
