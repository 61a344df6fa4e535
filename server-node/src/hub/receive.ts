import { VeloxError, type ClientFrame } from '@velox/core/protocol';
import type { Credentials } from '../access/admission.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Messaging } from '../messaging/messaging.js';
import { PRICES } from '../access/rate-limit.js';
import type { Renewals } from '../sessions/renewals.js';
import type { Session } from '../sessions/session.js';
import type { Sessions } from '../sessions/sessions.js';
import type { Topics } from '../topics/topics.js';
import { decodeData } from '../wire/binary.js';

/** The parts of a hub that a client's frame may concern. */
export interface Receivers {
  readonly sessions: Sessions;
  readonly topics: Topics;
  readonly messaging: Messaging;
  readonly renewals: Renewals;
  readonly observer: Observer;
  /** The most topics that one frame may name. */
  readonly subscriptions: number;
  /** Whether the application is asked for the rights to each topic. */
  readonly hasQuestions: boolean;
}

/**
 * Executes a client's frame; executes a numbered frame once, also if it arrives repeatedly.
 *
 * @param credentials the credentials of the request that carried it, without the token
 * @param bytes its length, if nothing else acknowledges it
 * @throws VeloxError `bad-frame`, `too-many`, `too-long`.
 */
export function receive(
  hub: Receivers,
  session: Session,
  frame: ClientFrame,
  credentials: Omit<Credentials, 'token'>,
  bytes: number,
): void {
  session.heard();
  if (!session.rate.take()) {
    throw new VeloxError('too-many', 'the client sent more frames than limits.rate allows. Send fewer.');
  }
  const data = 'event' in frame || 'reply' in frame ? decodeData(frame) : undefined;
  if (isNumbered(frame) && !session.take(frame.seq, bytes)) return;
  if ('event' in frame) hub.messaging.receive(session, { ...frame, data });
  else if ('reply' in frame) hub.messaging.reply(session, { ...frame, data });
  else if ('cancel' in frame) hub.messaging.cancel(session, frame.cancel);
  else if ('subscribe' in frame) subscribe(hub, session, frame.subscribe);
  else if ('unsubscribe' in frame) {
    checkCount(hub, frame.unsubscribe);
    session.rate.charge(frame.unsubscribe.length * PRICES.topic);
    for (const topic of frame.unsubscribe) hub.topics.unsubscribe(session, topic);
  } else if ('auth' in frame) {
    session.rate.charge(session.topics.size * PRICES.question);
    void hub.renewals.renew(session, { ...credentials, token: frame.auth });
  } else if ('ping' in frame) {
    if (frame.ack) session.oweAck();
    session.ping();
  } else if ('ack' in frame) session.receiveAck(frame.ack);
  else if ('bye' in frame)
    return; // the request that carried it ends the link
  else throw new VeloxError('bad-frame', 'the client sent an open frame on an open link.');
}

type Numbered = Extract<ClientFrame, { seq?: number }>;

/** Messages always have a number, also one that is left out. Other frames have one only if they carry it. */
function isNumbered(frame: ClientFrame): frame is Numbered {
  return (
    'event' in frame || 'reply' in frame || 'cancel' in frame || ('seq' in frame && frame.seq !== undefined)
  );
}

type Wanted = Extract<ClientFrame, { subscribe: unknown }>['subscribe'];

function subscribe(hub: Receivers, session: Session, wanted: Wanted): void {
  checkCount(hub, wanted);
  session.rate.charge(wanted.length * (PRICES.topic + (hub.hasQuestions ? PRICES.question : 0)));
  for (const { topic = '', id, version, proof, diverged } of wanted) {
    if (diverged !== undefined) onDiverged(hub, session, topic);
    const known = id !== undefined && version !== undefined ? { id, version } : undefined;
    hub.topics.subscribe(session, topic, known, proof);
  }
}

function checkCount(hub: Receivers, list: readonly unknown[]): void {
  if (list.length > hub.subscriptions) {
    throw new VeloxError(
      'too-many',
      'a frame names more topics than limits.subscriptions allows. Send several frames.',
    );
  }
}

function onDiverged(hub: Receivers, { identity, transport }: Session, topic: string): void {
  hub.sessions.traffic.diverged++;
  hub.observer.log('warn', 'diverged', { topic, identity, transport });
}
