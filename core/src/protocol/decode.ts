import { isContainer } from './container.js';
import { VeloxError } from './error.js';
import type { ClientFrame, Subscription } from './frames.js';
import { isName } from './name.js';

type Raw = Record<string, unknown>;

/**
 * Reads one frame of a client. Every member is checked: clients are not trusted.
 *
 * @param depth the deepest nesting that is taken
 * @throws VeloxError `bad-frame`, `too-deep`.
 */
export function decodeClientFrame(text: string, depth: number): ClientFrame {
  // Each level takes two characters, so a short text need not be searched.
  return asClientFrame(parse(text), text.length > 2 * depth ? depth : Infinity);
}

/** The same for the array of frames that a POST carries, as text or already parsed. */
export function decodeClientFrames(body: unknown, depth: number): ClientFrame[] {
  const frames = typeof body === 'string' ? parse(body) : body;
  if (!Array.isArray(frames)) throw badFrame('not an array');
  return frames.map((frame) => asClientFrame(frame, depth));
}

/** Contains only checked members: the others go no further. */
function asClientFrame(frame: unknown, depth: number): ClientFrame {
  if (!isObject(frame)) throw badFrame('no object');
  if (depth < Infinity && nestsDeeper(frame, depth))
    throw new VeloxError('too-deep', `the peer sent more than ${depth} levels.`);
  const kind = CLIENT_FRAMES.find(({ members: [name] }) => Object.hasOwn(frame, name));
  if (!kind?.isSound(frame)) throw badFrame('an unknown or malformed frame');
  const { members } = kind;
  if (Object.keys(frame).every((member) => members.includes(member))) return frame as unknown as ClientFrame;
  const known = members.filter((member) => Object.hasOwn(frame, member));
  return Object.fromEntries(known.map((member) => [member, frame[member]])) as unknown as ClientFrame;
}

/** The first member names the kind; if a frame has the names of several kinds, the first of them applies. */
const CLIENT_FRAMES: readonly {
  readonly members: readonly [name: string, ...others: string[]];
  readonly isSound: (frame: Raw) => boolean;
}[] = [
  {
    members: ['open'],
    isSound: ({ open }) =>
      isObject(open) &&
      optional(open.session, isId) &&
      optional(open.token, isString) &&
      optional(open.ack, isNumber) &&
      optional(open.trial, isTrue) &&
      optional(open.refused, (value) => isString(value) && value.length <= LONGEST_ID),
  },
  {
    members: ['event', 'data', 'call', 'made', 'seq', 'channel', 'binary'],
    isSound: ({ event, call, made, seq, channel, binary }) =>
      isName(event) &&
      optional(call, isCount) &&
      optional(made, isTrue) &&
      optional(seq, isSeq) &&
      optional(channel, isName) &&
      optional(binary, isBinary),
  },
  {
    members: ['reply', 'data', 'error', 'seq', 'binary'],
    isSound: ({ reply, error, seq, binary }) =>
      isCount(reply) && optional(error, isFailure) && optional(seq, isSeq) && optional(binary, isBinary),
  },
  {
    members: ['cancel', 'seq'],
    isSound: ({ cancel, seq }) => isCount(cancel) && optional(seq, isSeq),
  },
  {
    members: ['subscribe', 'seq'],
    isSound: ({ subscribe, seq }) => isListOf(subscribe, isSubscription) && optional(seq, isSeq),
  },
  {
    members: ['unsubscribe', 'seq'],
    isSound: ({ unsubscribe, seq }) => isListOf(unsubscribe, isString) && optional(seq, isSeq),
  },
  { members: ['auth', 'seq'], isSound: ({ auth, seq }) => isString(auth) && optional(seq, isSeq) },
  { members: ['ping', 'ack'], isSound: ({ ping, ack }) => ping === true && optional(ack, isTrue) },
  { members: ['ack'], isSound: ({ ack }) => isNumber(ack) },
  { members: ['bye'], isSound: ({ bye }) => bye === true },
];

/** Whether any value is below `depth` levels. Without recursion: `limits.depth` of a server may be any number. */
function nestsDeeper(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let above = 0; level.length > 0; above++) {
    if (above > depth) return true;
    const below: unknown[] = [];
    for (const each of level) {
      if (typeof each !== 'object' || each === null) continue;
      const items = (Array.isArray(each) ? each : Object.values(each)) as unknown[];
      for (const item of items) below.push(item);
    }
    level = below;
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
const isTrue = (value: unknown): boolean => value === true;
const isSeq = (value: unknown): value is number => isNumber(value) && value >= 0;
const isCount = (value: unknown): value is number => isSeq(value) && value > 0;
const isObject = (value: unknown): value is Raw => isContainer(value) && !Array.isArray(value);
const isListOf = (value: unknown, is: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(is);
const isSubscription = (value: unknown): value is Subscription =>
  isObject(value) &&
  optional(value.topic, isString) &&
  optional(value.id, isId) &&
  optional(value.version, isCount) &&
  optional(value.proof, isId) &&
  optional(value.diverged, isCount);
const isBinary = (value: unknown): boolean =>
  isListOf(
    value,
    (part) => Array.isArray(part) && isString(part[0]) && isString(part[1]) && optional(part[2], isTrue),
  );
const isFailure = (value: unknown): boolean =>
  isObject(value) && isString(value.code) && isString(value.message);
/** Positions are kept while a subscription waits for its topic, so their length is limited. */
const isId = (value: unknown): boolean => isName(value, LONGEST_ID);
/** The most characters of an id, a proof, or the beginning of a refused frame. */
const LONGEST_ID = 100;

function optional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value);
}
