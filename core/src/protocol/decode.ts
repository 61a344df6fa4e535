import { isContainer } from './container.js';
import { VeloxError } from './error.js';
import type { ClientFrame, ServerFrame, Subscription } from './frames.js';

type Raw = Record<string, unknown>;

/** A frame that is nested deeper is refused, for what walks a value is recursive. */
const MOST_LEVELS = 2_000;

/**
 * Reads one frame of a server. Every member that PROTOCOL.md names is checked, whichever kind of frame it is in. A kind of frame that this
 * version does not know is passed on, to be ignored.
 *
 * @throws SyntaxError when the text is not JSON, VeloxError `bad-frame` for anything else that is no frame. Whether a state frame fits is
 *   judged by the copy: a wrong position is a gap, and an operation that cannot be applied asks for a snapshot.
 */
export function decodeServerFrame(text: string): ServerFrame {
  const frame = JSON.parse(text) as Raw;
  const isFrame =
    isServerFrame(frame) &&
    // A level is written with two characters at least.
    !(text.length > 2 * MOST_LEVELS && isDeep(frame, MOST_LEVELS)) &&
    (frame.check === undefined || frame.at !== undefined) &&
    (frame.ack !== true || frame.ping === true); // else an acknowledgement of nothing
  if (!isFrame) throw badFrame('no sound frame');
  return frame as unknown as ServerFrame;
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

/** Of what names the frame, and of nothing else: what was not looked at goes no further. */
function asClientFrame(frame: unknown, depth: number): ClientFrame {
  if (!isObject(frame)) throw badFrame('no object');
  if (isDeeper(frame, depth)) throw new VeloxError('too-deep', `the peer sent more than ${depth} levels.`);
  const kind = CLIENT_FRAMES.find(({ members: [name] }) => Object.hasOwn(frame, name));
  if (!kind?.isSound(frame)) throw badFrame('an unknown or malformed frame');
  const known = kind.members.filter((member) => Object.hasOwn(frame, member));
  return Object.fromEntries(known.map((member) => [member, frame[member]])) as unknown as ClientFrame;
}

/** The first member names the kind; where a frame has the names of several, the first of these counts. */
const CLIENT_FRAMES: readonly {
  readonly members: readonly [name: string, ...others: string[]];
  readonly isSound: (frame: Raw) => boolean;
}[] = [
  {
    members: ['open'],
    isSound: ({ open }) =>
      isObject(open) &&
      optional(open.session, isString) &&
      optional(open.token, isString) &&
      optional(open.ack, isNumber),
  },
  {
    members: ['event', 'data', 'call', 'seq'],
    isSound: ({ event, call, seq }) => isString(event) && optional(call, isCount) && optional(seq, isSeq),
  },
  {
    members: ['reply', 'data', 'error', 'seq'],
    isSound: ({ reply, error, seq }) => isCount(reply) && optional(error, isFailure) && optional(seq, isSeq),
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
];

/** Level by level and not by recursion, which a hostile text could overflow. */
export function isDeeper(value: unknown, depth: number): boolean {
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
const isFailure = (value: unknown): boolean =>
  isObject(value) && isString(value.code) && isString(value.message);
/** Positions are kept for those who have to wait for their topic, so nobody may make them long. */
const isId = (value: unknown): boolean => isString(value) && value.length <= 100;

const isTime = (value: unknown): boolean => typeof value === 'number' && value >= 0;

/** Checks the named members of an object; if it is partial, those that are there. Others are ignored: a newer server may send them. */
const hasSound =
  (members: Readonly<Record<string, (value: unknown) => boolean>>, isPartial?: boolean) =>
  (value: unknown): boolean =>
    isObject(value) &&
    Object.entries(members).every(
      ([name, is]) => (isPartial && value[name] === undefined) || is(value[name]),
    );

const isServerFrame = hasSound(
  {
    ...{ topic: isString, id: isString, stale: isString, denied: isString, code: isString },
    ...{ event: isString, check: isString, version: isCount, from: isCount, at: isCount },
    ...{ seq: isSeq, ack: (ack) => ack === true || isSeq(ack), next: isSeq, dropped: isSeq },
    ...{ delta: isTrue, ping: isTrue },
    hello: hasSound({
      ...{ session: isString, heartbeat: isTime, ack: isSeq, protocol: isSeq },
      link: (link) => optional(link, isSeq),
      limits: hasSound({ frame: isCount, depth: isCount, rate: (rate) => optional(rate, isCount) }),
    }),
    bye: hasSound({
      ...{ code: isString, reason: isString },
      retry: (retry) => retry === false || optional(retry, isTime),
    }),
  },
  true,
);

/** Like {@link isDeeper}, by recursion, which ends at the first branch that is too deep. */
export function isDeep(value: unknown, depth: number): boolean {
  return isContainer(value) && Object.values(value).some((inner) => !depth || isDeep(inner, depth - 1));
}

function optional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value);
}
