import { decodeClientFrames, VeloxError } from '@velox/core/protocol';
import type { Admission } from '../access/admission.js';
import type { Hub } from '../hub/hub.js';
import { trialHello } from '../hub/trial.js';
import { credentialsOf, JSON_HEADERS, type Exchange } from '../transports/exchange.js';
import { PRICES } from '../access/rate-limit.js';
import type { Session } from '../sessions/session.js';
import { openPolling, pollingLinkOf } from '../transports/polling/polling.js';
import { serveSse, serveSseTrial } from '../transports/sse/serve-sse.js';
import type { Wanted } from './negotiate.js';

/** The longest body of a POST that opens a session, in bytes: its client is not authorized yet. */
const OPENING_BYTES = 64 * 1024;

/** How long an authorized client may take to send a body, and the frames of a body may wait for a debt, in ms. */
export const BODY_MS = 30_000;

const TOO_MANY = 'the frames of a POST owe more than limits.rate allows in 30 s. Send fewer.';

type Headers = Readonly<Record<string, string>>;

/** The error for a session that is not there, or not the client's. */
export const unknownSession = (): VeloxError =>
  new VeloxError('unknown-session', 'there is no such session. Open a new one.');

/**
 * Serves a POST: it opens a session, brings frames of a live one, or tries the transport. Only an authorized client may send more than 64 KiB.
 *
 * @param admit authorizes the client, by the token of its open frame or of its request
 * @returns the outcome, now or when the exchange is over
 * @throws VeloxError for each refused request
 */
export async function servePost(
  hub: Hub,
  exchange: Exchange,
  cors: Headers,
  wanted: Extract<Wanted, { kind: 'post' }>,
  admit: (token?: string) => Admission | Promise<Admission>,
): Promise<{ readonly outcome: string | Promise<string> }> {
  if (wanted.session !== undefined)
    return await serveFrames(hub, exchange, cors, wanted.session, await admit());
  const body = await hub.admissions.inTime(exchange.body(Math.min(OPENING_BYTES, hub.limits.frame)));
  const [first, ...rest] = decodeClientFrames(body, hub.limits.depth);
  if (!first || !('open' in first)) throw unknownSession();
  const { open } = first;
  const admission = await admit(open.token);
  if (open.trial) return { outcome: wanted.stream ? serveSseTrial(hub, exchange, cors) : answerTrial() };
  await hub.entrance.prepare(admission, open);
  if (wanted.stream) return { outcome: serveSse(hub, exchange, cors, admission, open, rest) };
  return { outcome: await openPolling(hub, exchange, cors, admission, open, rest) };

  function answerTrial(): string {
    const body = `[${trialHello(hub).text}]`;
    exchange.answer({ status: 200, headers: JSON_HEADERS, body, outcome: 'trial' }, cors);
    return 'trial';
  }
}

async function serveFrames(
  hub: Hub,
  exchange: Exchange,
  cors: Headers,
  id: string,
  admission: Admission,
): Promise<{ readonly outcome: string }> {
  const { header } = exchange.head;
  const { lifeCycle } = hub.messaging;
  const live = (): Session => {
    const session = hub.session(id, admission);
    // A late message of a replaced link may be out of date.
    if (!session || (header('velox-link') ?? `${session.links}`) !== `${session.links}`)
      throw unknownSession();
    return session;
  };
  let session = live();
  await lifeCycle.whenReadable(session);
  live(); // the link may have been replaced meanwhile
  const content = await hub.admissions.inTime(exchange.body(hub.limits.frame), BODY_MS);
  try {
    const frames = decodeClientFrames(content, hub.limits.depth);
    session = live();
    for (let free; (free = lifeCycle.whenFree(session)); session = live()) await free;
    const isNew = session.inbox.takePost(Number(header('velox-post')));
    const begun = performance.now();
    for (const frame of isNew ? frames : []) {
      hub.receive(session, frame, credentialsOf(exchange));
      // No other POST of the session comes in between: each waits until this one has no frame that waits.
      for (let free; (free = lifeCycle.whenFree(session)); session = live()) await free;
      if (performance.now() - begun > BODY_MS) throw new VeloxError('too-many', TOO_MANY);
    }
    if (frames.some((frame) => 'bye' in frame)) {
      pollingLinkOf(hub, id, admission, header('velox-link'))?.close();
    }
    session.noteAcked(); // by the answer
  } finally {
    // Frames that are refused have cost as much.
    session.rate.charge(((typeof content === 'string' ? content.length : 0) / 1024) * PRICES.kibibyte);
  }
  await session.rate.whenPaid(); // the client sends the next POST after the answer
  const body = JSON.stringify({ ack: session.taken });
  exchange.answer({ status: 200, headers: JSON_HEADERS, body, outcome: 'posted' }, cors);
  return { outcome: 'posted' };
}
