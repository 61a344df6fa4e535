import { VeloxError } from '@velox/core/protocol';
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
  const text = encode(event, data);
  const message = new Message(text, { isNumbered: true });
  if (message.size + SEQ > MOST_EVENT_BYTES) {
    throw new VeloxError(
      'too-large',
      `the event "${event}" has more than ${MOST_EVENT_BYTES} bytes. Send less, or publish it as a topic.`,
    );
  }
  return message;
}

/** Creates the same event with a number in its text, for a link whose client cannot derive the number. */
export function numbered({ text }: Message, seq: number): Message {
  return new Message(`${text.slice(0, -1)},"seq":${seq}}`);
}

function encode(event: string, data: unknown): string {
  try {
    const json = JSON.stringify(data) as string | undefined; // undefined for data that JSON omits
    return `{"event":${JSON.stringify(event)},"data":${json ?? 'null'}}`;
  } catch (cause) {
    throw new VeloxError(
      'not-json',
      `the data of the event "${event}" cannot be sent as JSON. Convert it or leave it out.`,
      { cause },
    );
  }
}
