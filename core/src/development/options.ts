import type { ConnectOptions } from '../connect/connect.js';
import type { SharedOptions } from '../connect/registry.js';
import type { ConnectionOptions, EventOptions } from '../connection/options.js';
import type { Retry } from '../connection/retry.js';
import type { CallOptions } from '../events/calls.js';
import type { EmitOptions } from '../events/channel.js';
import { VeloxError } from '../protocol/error.js';
import {
  checkArgument,
  checkGiven,
  expected,
  option,
  type Check,
  type Checks,
} from '../protocol/check-options.js';

const { callback, count, duration, flag, group, text } = option;

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const RETRY: Checks<Retry> = { delay: callback, maxAttempts: count };
const retry = group(RETRY);

const EVENTS: Checks<EventOptions> = { count, age: duration, onDrop: callback };

/** Those of every connection. */
const COMMON: Checks<Omit<ConnectionOptions, 'url' | 'transports'>> = {
  headers: expected('an object, or a function that returns one', (value) =>
    ['object', 'function'].includes(typeof value),
  ),
  auth: callback,
  authHeader: text,
  credentials: expected("'include', 'same-origin' or 'omit'", (value) =>
    ['include', 'same-origin', 'omit'].includes(value as string),
  ),
  retry: (value, name, owner) => (value === 'manual' ? undefined : retry(value, name, owner)),
  events: group(EVENTS),
  onClose: callback,
};

const CONNECTION: Checks<ConnectionOptions> = {
  ...COMMON,
  url: text,
  transports: expected('a list of transports', (value) => isTransports(value, ['function'])),
};

const CONNECT: Checks<ConnectOptions> = {
  ...COMMON,
  WebSocket: callback,
  transport: expected("'auto' or the name of a transport", (value) => typeof value === 'string'),
  transports: expected('a list of transports', (value) => isTransports(value, ['function', 'undefined'])),
};

const SHARED: Checks<SharedOptions> = { ...CONNECT, identity: text, base: text };

const ENDPOINT: Checks<SharedOptions & { url: string; topic: string; initial: unknown }> = {
  ...SHARED,
  url: text,
  topic: text,
  initial: expected('a snapshot: { id, version, body }', isObject),
};

const CALL: Checks<CallOptions> = {
  timeout: duration,
  signal: expected('an AbortSignal', isObject),
  idempotent: flag,
  optimistic: expected('a change of optimistic(), or a list of them', isObject),
};

const EMIT: Checks<EmitOptions> = { volatile: flag, channel: text, onDrop: callback };

function isTransports(value: unknown, types: readonly string[]): boolean {
  return Array.isArray(value) && value.every((each) => types.includes(typeof each));
}

/** Creates the check of one function's options. It throws VeloxError `bad-option`, with the option that was probably meant. */
const checker =
  (owner: string, checks: Readonly<Record<string, Check>>) =>
  (given: unknown): void => {
    if (given !== undefined) checkGiven(owner, given, checks);
  };

export const checkConnect: (given: unknown) => void = checker('connect()', CONNECT);
export const checkConnection: (given: unknown) => void = checker('createConnection()', CONNECTION);
/** A source may stand for its connection, so `topic` and `initial` are known as well. */
export const checkEndpoint: (given: unknown) => void = checker('shared()', ENDPOINT);
export const checkSource = (given: { readonly url: unknown }): void => {
  checkGiven('a source', given, ENDPOINT);
  checkArgument('a source', 'its URL', given.url, text); // without one, the client would ask the page's own URL
};
export const checkCall: (given: unknown) => void = checker('call()', CALL);
export const checkEmit: (given: unknown) => void = checker('emit()', EMIT);

const ID = expected('a string or a number', (value) => typeof value === 'string' || Number.isFinite(value));

/**
 * Checks the source and the id of a row. The server checks ids in the same way.
 *
 * @throws VeloxError `bad-option`.
 */
export function checkEntity(url: unknown, type: string, id: unknown): void {
  checkArgument(`the entity "${type}"`, 'the URL of its source', url, text);
  checkArgument(`the entity "${type}"`, 'the id of a row', id, ID);
}

/**
 * Checks a value to start from. One without a sound position would never become current.
 *
 * @throws VeloxError `bad-option`.
 */
export function checkInitial(given: unknown): void {
  if (given === undefined) return;
  const { version } = Object(given) as { readonly version?: unknown };
  if (isObject(given) && 'body' in (given as object) && Number.isSafeInteger(version) && Number(version) > 0)
    return;
  throw new VeloxError(
    'bad-option',
    'replica() got an initial value without a position. Pass a snapshot: { id, version, body }.',
  );
}

/**
 * Checks a function that is to be called back. Anything else would fail at the first event, far from the mistake.
 *
 * @param listeners an object of listeners, which takes the place of the one
 * @throws VeloxError `bad-option`.
 */
export function checkListener(listener: unknown, owner: string, listeners?: unknown): void {
  const given: unknown[] = isObject(listeners) ? Object.values(listeners as object) : [listener];
  if (given.every((each) => typeof each === 'function')) return;
  throw new VeloxError('bad-option', `${owner} got no function to call back. Pass one.`);
}
