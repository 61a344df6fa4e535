import { VeloxError } from './error.js';
import type { ClientFrame, ServerFrame, Subscription } from './protocol.js';

type Raw = Record<string, unknown>;

/**
 * Reads one frame of a server. One of a kind that this version does not know is let through, to be passed over: a newer server may
 * send it.
 *
 * @throws SyntaxError when the text is not JSON, VeloxError `bad-frame` when it is no object, or a malformed state frame.
 */
export function decodeServerFrame(text: string): ServerFrame {
  const frame: unknown = JSON.parse(text);
  if (!isObject(frame) || ('version' in frame && !isState(frame))) throw badFrame('a malformed frame');
  return frame as unknown as ServerFrame;
}

function isState({ version, id, delta, from, body, topic }: Raw): boolean {
  return (
    isCount(version) &&
    optional(topic, isString) &&
    (delta ? Array.isArray(body) && optional(id, isString) && optional(from, isCount) : isString(id))
  );
}

/**
 * Reads one frame of a client. Everything is checked: nobody is trusted here.
 *
 * @param depth the deepest nesting that is taken
 * @throws VeloxError `bad-frame`, `too-deep`.
 */
export function decodeClientFrame(text: string, depth: number): ClientFrame {
  return asClientFrame(parse(text), depth);
}

/** The same for the array of frames that a POST carries, as text or parsed by somebody before. */
export function decodeClientFrames(body: unknown, depth: number): ClientFrame[] {
  const frames = typeof body === 'string' ? parse(body) : body;
  if (!Array.isArray(frames)) throw badFrame('not an array');
  return frames.map((frame) => asClientFrame(frame, depth));
}

function asClientFrame(frame: unknown, depth: number): ClientFrame {
  if (!isObject(frame)) throw badFrame('no object');
  if (isDeeper(frame, depth)) throw new VeloxError('too-deep', `the peer sent more than ${depth} levels.`);
  if (!optional(frame.seq, isCount) || !CLIENT_FRAMES.some((isSound) => isSound(frame))) {
    throw badFrame('an unknown or malformed frame');
  }
  return frame as unknown as ClientFrame;
}

const CLIENT_FRAMES: readonly ((frame: Raw) => boolean)[] = [
  ({ open }) =>
    isObject(open) &&
    optional(open.session, isString) &&
    optional(open.token, isString) &&
    optional(open.ack, isNumber),
  ({ subscribe }) => Array.isArray(subscribe) && subscribe.every(isSubscription),
  ({ unsubscribe }) => Array.isArray(unsubscribe) && unsubscribe.every(isString),
  ({ event, seq }) => isString(event) && seq !== undefined,
  ({ auth }) => isString(auth),
  ({ ack }) => isNumber(ack),
  ({ ping }) => ping === true,
];

/** Level by level and not by recursion, which a hostile text could overflow. */
function isDeeper(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let above = 0; level.length > 0; above++) {
    if (above > depth) return true;
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null ? (Object.values(each) as unknown[]) : [],
    );
  }
  return false;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badFrame('not JSON');
  }
}

function badFrame(what: string): VeloxError {
  return new VeloxError('bad-frame', `the peer sent ${what}.`);
}

const isString = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);
const isCount = (value: unknown): value is number => isNumber(value) && value > 0;
const isObject = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSubscription = (value: unknown): value is Subscription =>
  isObject(value) &&
  optional(value.topic, isString) &&
  optional(value.id, isString) &&
  optional(value.version, isCount);

function optional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value);
}
