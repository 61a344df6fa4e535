import { apply, VeloxError, type Position, type ServerFrame, type StateFrame } from '@velox/core/protocol';
import { Message } from '../../wire/message.js';
import { isLonger } from './json-size.js';
import { isObject, toKindPatch, toMergePatch, withoutOtherKinds } from './merge-patch.js';

/** The value that a version 2 client has: an immutable object. */
export interface Copy extends Position {
  readonly value: Readonly<Record<string, unknown>>;
}

/** The messages for a version 2 client in place of one message, and its value afterwards. */
export interface Translation {
  readonly copy: Copy;
  readonly messages: readonly Message[];
}

const frames = new WeakMap<Message, ServerFrame>();

/** Reads a message of a session, once for all that share it. */
export function frameOf(message: Message): ServerFrame {
  let frame = frames.get(message);
  if (!frame) frames.set(message, (frame = JSON.parse(message.text) as ServerFrame));
  return frame;
}

const translations = new WeakMap<Message, Translation & { readonly from: Position | undefined }>();

/**
 * Translates a state frame, once for all clients that have the same copy.
 *
 * @param known the value of the client; undefined before the first state frame of a link
 * @returns undefined if the root is a list or a scalar, which version 2 does not have
 * @throws VeloxError `bad-patch` if the frame does not join on to the copy
 */
export function translate(
  message: Message,
  frame: StateFrame,
  known: Copy | undefined,
): Translation | undefined {
  const shared = translations.get(message);
  if (shared && shared.from?.id === known?.id && shared.from?.version === known?.version) return shared;
  const copy = advance(known, frame);
  if (!copy) return undefined;
  const messages = copy === known ? [] : messagesOf(message, frame, known, copy);
  const translation = { copy, messages, from: known };
  translations.set(message, translation);
  return translation;
}

function advance(known: Copy | undefined, frame: StateFrame): Copy | undefined {
  const { id = known?.id, version } = frame;
  const isSame = known !== undefined && known.id === id;
  if ('delta' in frame) {
    if (!isSame || (frame.from ?? version - 1) !== known.version) throw gap();
    return rooted(known.id, version, apply(known.value, frame.body));
  }
  if ('body' in frame) return rooted(frame.id, version, frame.body);
  if (!isSame || known.version !== version) throw gap();
  return known;
}

function gap(): VeloxError {
  return new VeloxError('bad-patch', 'a step does not join on to the copy of a client. Connect again.');
}

/** Version 2 has no null as a value: `{}` stands for it. */
function rooted(id: string, version: number, value: unknown): Copy | undefined {
  const root = value ?? {};
  return isObject(root) ? { id, version, value: root } : undefined;
}

function messagesOf(message: Message, frame: StateFrame, known: Copy | undefined, copy: Copy): Message[] {
  const { isCompressible } = message;
  const write = (members: string, body: unknown): Message =>
    new Message(`{${members}"version":${copy.version},"body":${JSON.stringify(body)}}`, {
      isCompressible,
      eventId: `${copy.version}`,
    });
  if (known?.id !== copy.id) return [write(`"id":${JSON.stringify(copy.id)},`, copy.value)];
  const isStep = 'delta' in frame && known.version === copy.version - 1;
  const delta = isStep ? toMergePatch(known.value, copy.value, frame.body) : undefined;
  if (delta) {
    const size = Buffer.byteLength(JSON.stringify(delta));
    if (isLonger(copy.value, size)) return [write('"delta":true,', delta)];
  }
  const kinds = toKindPatch(known.value, copy.value);
  const whole = write('', copy.value);
  if (!kinds) return [whole];
  // The same version twice is taken, and both leave in one write.
  if (kinds === 'unsafe') return [write('', withoutOtherKinds(known.value, copy.value)), whole];
  return [write('"delta":true,', kinds), whole];
}
