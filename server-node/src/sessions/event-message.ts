import { isName, VeloxError, type CallFailure } from '@velox/core/protocol';
import { encodeData } from '../wire/binary.js';
import { Message, type MessageOptions } from '../wire/message.js';
import { adviseLoss } from './advise-loss.js';
import type { DropCode } from './event-limits.js';

/** The longest event, in bytes. */
export const MOST_EVENT_BYTES: number = 1 << 20;

/** Bytes that the longest number adds to an event. */
const SEQ = `,"seq":${Number.MAX_SAFE_INTEGER}`.length;

/** The options of an event's message. */
export interface EventMessageOptions {
  /** Its lane in the queue of a session, with handlers of its own; default `''`. */
  readonly channel?: string | undefined;
  /** Called with the reason if a session gives it up. */
  readonly onDrop?: ((code: DropCode) => void) | undefined;
  /** Whether it is sent at most once: it has no number and is not kept. Default false. */
  readonly isVolatile?: boolean | undefined;
}

/**
 * Creates the message of an event. It carries no number of a session, so any number of sessions can share it.
 *
 * @throws VeloxError `not-json`, `too-large`, `bad-option` for the name.
 */
export function eventMessage(
  event: string,
  data: unknown,
  { channel, onDrop, isVolatile = false }: EventMessageOptions = {},
): Message {
  if (channel) checkName(channel, 'a channel');
  checkName(event, 'an event');
  const lane = channel ? `,"channel":${JSON.stringify(channel)}` : '';
  const head = `"event":${JSON.stringify(event)}${lane}`;
  return messageOf(['the event', event], head, data, { isNumbered: !isVolatile, channel, onDrop });
}

/**
 * Creates an event whose sender waits for the reply `call`.
 *
 * @param onDrop as for an event
 * @throws VeloxError `not-json`, `too-large`, `bad-option` for the name.
 */
export function callMessage(
  event: string,
  data: unknown,
  call: number,
  onDrop?: (code: DropCode) => void,
): Message {
  checkName(event, 'a call');
  const head = `"event":${JSON.stringify(event)},"call":${call}`;
  return messageOf(['the call', event], head, data, { isNumbered: true, onDrop });
}

/**
 * Creates the reply to a call.
 *
 * @throws VeloxError `not-json`, `too-large`.
 */
export function replyMessage(call: number, data: unknown): Message {
  return messageOf(['a reply'], `"reply":${call}`, data);
}

/** Creates the reply to a call that failed. */
export function failureMessage(call: number, { code, message, data }: CallFailure): Message {
  const error = { code, message, ...(data !== undefined && { data }) };
  return new Message(JSON.stringify({ reply: call, error }), { isNumbered: true });
}

/** The call that a message replies to; undefined if it is no reply. Frames of replies begin with that. */
export function repliedCall(text: string): number | undefined {
  const call = /^\{"reply":(\d{1,16})\b/.exec(text)?.[1];
  return call === undefined ? undefined : Number(call);
}

/** The number of the call that a message makes; undefined if it is no call. See `callMessage`. */
export function askedCall(text: string): number | undefined {
  const call = /^\{"event":"(?:[^"\\]|\\.)*","call":(\d{1,16}),/.exec(text)?.[1];
  return call === undefined ? undefined : Number(call);
}

/** Creates the same event with a number in its text, for a link whose client cannot derive the number. */
export function numbered({ text }: Message, seq: number): Message {
  return new Message(`${text.slice(0, -1)},"seq":${seq}}`);
}

function messageOf(
  what: What,
  head: string,
  data: unknown,
  options: MessageOptions = { isNumbered: true },
): Message {
  const seq = options.isNumbered ? '' : ',"seq":0';
  const message = new Message(`{${head},${encode(what, data)}${seq}}`, options);
  if (message.size + SEQ <= MOST_EVENT_BYTES) return message;
  throw new VeloxError(
    'too-large',
    `${textOf(what)} has more than ${MOST_EVENT_BYTES} bytes. Send less, or publish it as a topic.`,
  );
}

/** The kind of a message, and its name if it has one: errors name it. */
type What = readonly [kind: string, name?: string];

const textOf = ([kind, name]: What): string => (name === undefined ? kind : `${kind} "${name}"`);

/** A name that is no text would make a frame that clients refuse. */
function checkName(name: unknown, what: string): void {
  if (isName(name)) return;
  const rule = 'a text of at most 1,000 characters without control characters';
  throw new VeloxError('bad-option', `${what} has no sound name. Pass ${rule}.`);
}

function encode(what: What, data: unknown): string {
  try {
    return encodeData(data, (lost) => adviseLoss(textOf(what), lost));
  } catch (cause) {
    throw new VeloxError(
      'not-json',
      `${textOf(what)} has data that cannot be sent as JSON. Convert it or leave it out.`,
      {
        cause,
      },
    );
  }
}
