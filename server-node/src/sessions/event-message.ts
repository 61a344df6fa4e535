import { VeloxError, type CallFailure } from '@velox/core/protocol';
import { Message } from '../wire/message.js';

/** The most bytes that a session keeps of events, and the longest event. */
export const MOST_EVENT_BYTES: number = 1 << 20;

/** Bytes that the longest number adds to an event. */
const SEQ = `,"seq":${Number.MAX_SAFE_INTEGER}`.length;

/**
 * Creates the message of an event. It carries no number of a session, so any number of sessions can share it.
 *
 * @throws VeloxError `not-json`, `too-large`.
 */
export function eventMessage(event: string, data: unknown): Message {
  return messageOf(`the event "${event}"`, { event }, data);
}

/**
 * Creates an event that is sent at most once: it has no number and is not kept.
 *
 * @throws VeloxError `not-json`, `too-large`.
 */
export function volatileMessage(event: string, data: unknown): Message {
  return messageOf(`the event "${event}"`, { event }, data, false);
}

/**
 * Creates an event whose sender waits for the reply `call`.
 *
 * @throws VeloxError `not-json`, `too-large`.
 */
export function callMessage(event: string, data: unknown, call: number): Message {
  return messageOf(`the call "${event}"`, { event, call }, data);
}

/**
 * Creates the reply to a call.
 *
 * @throws VeloxError `not-json`, `too-large`.
 */
export function replyMessage(call: number, data: unknown): Message {
  return messageOf('a reply', { reply: call }, data);
}

/** Creates the reply to a call that failed. */
export function failureMessage(call: number, { code, message, data }: CallFailure): Message {
  const error = { code, message, ...(data !== undefined && { data }) };
  return new Message(JSON.stringify({ reply: call, error }), { isNumbered: true });
}

/** Creates the same event with a number in its text, for a link whose client cannot derive the number. */
export function numbered({ text }: Message, seq: number): Message {
  return new Message(`${text.slice(0, -1)},"seq":${seq}}`);
}

function messageOf(what: string, head: object, data: unknown, isNumbered = true): Message {
  const json = encode(what, data);
  const seq = isNumbered ? '' : ',"seq":0';
  const message = new Message(`${JSON.stringify(head).slice(0, -1)},"data":${json}${seq}}`, { isNumbered });
  if (message.size + SEQ <= MOST_EVENT_BYTES) return message;
  throw new VeloxError(
    'too-large',
    `${what} has more than ${MOST_EVENT_BYTES} bytes. Send less, or publish it as a topic.`,
  );
}

function encode(what: string, data: unknown): string {
  try {
    return JSON.stringify(data) ?? 'null'; // JSON omits undefined
  } catch (cause) {
    throw new VeloxError(
      'not-json',
      `${what} has data that cannot be sent as JSON. Convert it or leave it out.`,
      {
        cause,
      },
    );
  }
}
