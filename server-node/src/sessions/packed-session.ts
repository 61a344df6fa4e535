import { Message, type DropCode } from '../wire/message.js';
import { askedCall } from './event-message.js';

/** A message as it travels to another node. Its `onDrop` stays behind and is not called, see `unpackMessage`. */
export interface PackedMessage {
  readonly text: string;
  /** Default `true`. */
  readonly isNumbered?: boolean;
  readonly channel?: string;
}

/** The events of a session on their way to another node. */
export interface PackedEvents {
  /** The number before the first of `sent`, and the newest acknowledged number. */
  readonly base: number;
  readonly acknowledged: number;
  readonly sent: readonly PackedMessage[];
  readonly waiting: readonly PackedMessage[];
  readonly dropped: number;
  readonly refused: number;
  /** The calls whose replies were given up; default none. */
  readonly lostReplies?: readonly number[];
}

/** A session on its way to another node. */
export interface PackedSession {
  readonly links: number;
  readonly taken: number;
  readonly hasAnswered: boolean;
  readonly denied: readonly string[] | 'all';
  readonly events?: PackedEvents | undefined;
}

export function packMessage({ text, isNumbered, channel }: Message): PackedMessage {
  return { text, ...(!isNumbered && { isNumbered: false }), ...(channel && { channel }) };
}

/** Called with a call whose message is given up. */
export type OnCallDropped = (call: number, code: DropCode) => void;

/** @param onCallDropped called if the message is a call, and is given up */
export function unpackMessage(
  { text, isNumbered = true, channel }: PackedMessage,
  onCallDropped?: OnCallDropped,
): Message {
  const call = onCallDropped && askedCall(text);
  if (call === undefined) return new Message(text, { isNumbered, channel });
  const onDrop = (code: DropCode): void => onCallDropped?.(call, code);
  return new Message(text, { isNumbered, channel, onDrop });
}
