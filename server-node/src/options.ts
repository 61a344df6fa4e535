/** Checks the options of every public function: a mistyped `authorize` must not open a hub. */
import { isSchema, VeloxError } from '@velox/core/protocol';
import type { Endpoint } from './http/endpoint.js';
import type { EntityOptions } from './entities/entity.js';
import type { HubLimits, HubOptions } from './hub/hub-options.js';
import type { PresenceOptions } from './messaging/presence.js';
import type { HistoryLimits } from './state/history.js';
import type { StateOptions } from './state/state.js';
import type { AnyViewOptions } from './views/view-options.js';

/** Returns the expected form of an option if a value does not have it. */
type Check = (value: unknown, name: string, owner: string) => string | undefined;

type Checks<Options> = { readonly [Name in keyof Required<Options>]: Check };

const expected =
  (what: string, isGood: (value: unknown) => boolean): Check =>
  (value) =>
    isGood(value) ? undefined : what;

const isAtLeastZero = (value: unknown): boolean => typeof value === 'number' && value >= 0;

const duration = expected('milliseconds: 0 or more, or Infinity', isAtLeastZero);
const finite = expected(
  'milliseconds: 0 or more',
  (value) => isAtLeastZero(value) && value !== Number.POSITIVE_INFINITY,
);
const count = expected(
  'a whole number: 0 or more, or Infinity',
  (value) => isAtLeastZero(value) && (Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY),
);
const callback = expected('a function', (value) => typeof value === 'function');
const flag = expected('true or false', (value) => typeof value === 'boolean');
const strings = (what: string): Check =>
  expected(what, (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'));

const LIMITS: Checks<HubLimits> = {
  frame: count,
  depth: count,
  rate: count,
  topic: count,
  subscriptions: count,
  sessionsPerIdentity: count,
  sessions: count,
  patch: count,
  handshake: duration,
  entities: count,
  audiences: count,
  rooms: count,
  calls: count,
  idle: duration,
  opensPerAddress: count,
  sessionsPerAddress: count,
  url: count,
  presence: count,
};

const HISTORY: Checks<HistoryLimits> = {
  revisions: count,
  size: count,
  resume: expected("'anyone'", (value) => value === 'anyone'),
};

const STATE: Checks<StateOptions> = {
  throttle: finite,
  depth: count,
  key: expected('a member name or a function', (value) => ['string', 'function'].includes(typeof value)),
  keep$: flag,
  history: group(HISTORY),
  ownership: expected("'owned' or 'watched'", (value) => value === 'owned' || value === 'watched'),
};

const VIEW: Checks<AnyViewOptions> = { audience: callback, view: callback };

const ENTITY: Checks<EntityOptions<unknown>> = {
  fetch: callback,
  fetchMany: callback,
  audience: expected("'user' or a function", (value) => value === 'user' || typeof value === 'function'),
  concurrency: expected(
    'a whole number: 1 or more, or Infinity',
    (value) => value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && (value as number) >= 1),
  ),
  timeout: duration,
  maxAge: duration,
  linger: duration,
  key: STATE.key,
  compare: callback,
};

const PRESENCE: Checks<PresenceOptions> = {
  of: callback,
  mine: expected('a Standard Schema', isSchema),
  throttle: finite,
  rooms: callback,
};

const HUB: Checks<HubOptions> = {
  authorize: callback,
  identify: callback,
  canSubscribe: callback,
  bind: callback,
  canJoin: callback,
  contract: expected(
    'the result of defineContract()',
    (value) => typeof value === 'object' && value !== null,
  ),
  name: callback,
  onConnect: callback,
  onAway: callback,
  onReconnect: callback,
  onDisconnect: callback,
  validators: group({ subscription: expected('a Standard Schema', isSchema) }),
  heartbeat: duration,
  trustProxy: expected(
    'a whole number: 0 or more',
    (value) => isAtLeastZero(value) && Number.isSafeInteger(value),
  ),
  patience: duration,
  compression: expected("true, false or 'all'", (value) => value === 'all' || typeof value === 'boolean'),
  limits: group(LIMITS),
  origins: (value) => (value === '*' ? undefined : strings("'*' or a list of origins")(value, '', '')),
  version2: flag,
  logger: callback,
};

const CLOSE: Checks<{ drain: number }> = { drain: finite };
const CLOSE_ON_SIGNAL: Readonly<Record<string, Check>> = {
  drain: finite,
  signals: strings('a list of signals'),
};

type Owner =
  | 'createHub()'
  | 'hub.state()'
  | 'hub.live()'
  | 'hub.entity()'
  | 'hub.presence()'
  | 'state()'
  | 'live()'
  | 'watch()'
  | 'handle()'
  | 'close()'
  | 'closeOnSignal()';

const KNOWN: Readonly<Record<Owner, Readonly<Record<string, Check>>>> = {
  'createHub()': HUB,
  'hub.state()': { ...STATE, ...VIEW },
  'hub.live()': STATE,
  'hub.entity()': ENTITY,
  'hub.presence()': PRESENCE,
  'state()': { ...STATE, ...HUB },
  'live()': { ...STATE, ...HUB },
  'watch()': { ...STATE, ...HUB },
  'handle()': { ...STATE, ...HUB, ...VIEW },
  'close()': CLOSE,
  'closeOnSignal()': CLOSE_ON_SIGNAL,
};

/**
 * Checks the options that a function of the package was given.
 *
 * @throws VeloxError `bad-option`, with the option that was probably meant.
 */
export function checkOptions(owner: Owner, given: unknown): void {
  if (given !== undefined) check(given, KNOWN[owner], '', owner);
}

/** Adds the check of its options to `close`. */
export function withCheckedClose(endpoint: Endpoint): Endpoint {
  return {
    ...endpoint,
    async close(options) {
      checkOptions('close()', options);
      await endpoint.close(options);
    },
  };
}

function check(given: unknown, checks: Readonly<Record<string, Check>>, prefix: string, owner: string): void {
  if (typeof given !== 'object' || given === null) {
    throw new VeloxError('bad-option', `${owner} got ${show(given)} as options. Pass an object.`);
  }
  for (const [name, value] of Object.entries(given)) {
    const path = prefix + name;
    const rule = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (!rule) throw unknownOption(path, name, Object.keys(checks), owner);
    const what = value === undefined ? undefined : rule(value, path, owner);
    if (what === undefined) continue;
    throw new VeloxError('bad-option', `${owner} got ${show(value)} as option "${path}". Pass ${what}.`);
  }
}

/** An option that holds options. */
function group(checks: Readonly<Record<string, Check>>): Check {
  return (value, name, owner) => {
    if (typeof value !== 'object' || value === null) return 'an object';
    check(value, checks, `${name}.`, owner);
    return undefined;
  };
}

function unknownOption(path: string, name: string, known: readonly string[], owner: string): VeloxError {
  const [nearest] = known
    .map((each) => ({ each, distance: distance(each.toLowerCase(), name.toLowerCase()) }))
    .filter((each) => each.distance <= Math.max(2, name.length / 3))
    .sort((a, b) => a.distance - b.distance);
  const advice = nearest ? `Did you mean "${nearest.each}"?` : `It knows ${known.join(', ')}.`;
  return new VeloxError('bad-option', `${owner} has no option "${path}". ${advice}`);
}

/** Returns how many characters differ (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
