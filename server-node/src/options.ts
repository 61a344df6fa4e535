/** Checks the options of every public function: a mistyped `authorize` must not open a hub. */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import {
  checkArgument,
  checkGiven,
  expected,
  isSchema,
  option,
  type Check,
  type Checks,
} from '@velox/core/protocol';
import type { Backplane } from './cluster/bus.js';
import type { Endpoint } from './http/endpoint.js';
import type { SseOptions } from './http/event-source.js';
import type { EntityOptions, PutOptions } from './entities/entity-options.js';
import type { EntitySyncOptions } from './http/entity-sync.js';
import type { HubLimits, HubOptions } from './hub/hub-options.js';
import type { PresenceOptions } from './messaging/presence.js';
import type { EventLimits } from './sessions/event-limits.js';
import type { HistoryLimits } from './state/history.js';
import type { SharedStateOptions } from './state/shared/shared-state.js';
import type { StateOptions } from './state/state.js';
import type { AnyViewOptions } from './views/view-options.js';

const { callback, count, duration, finite, flag, group, some, strings, text } = option;

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

const EVENTS: Checks<EventLimits> = {
  count,
  size: count,
  overflow: expected("'drop-oldest', 'drop-newest' or 'close'", (value) =>
    ['drop-oldest', 'drop-newest', 'close'].includes(value as string),
  ),
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

const SHARED: Checks<SharedStateOptions> = {
  throttle: finite,
  key: STATE.key,
  keep: count,
  snapshotEvery: some,
};

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

const PUT: Checks<PutOptions> = {
  version: () => undefined, // `compare` knows which ones it takes
  audience: text,
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
  duplicates: expected("'both', 'replace' or 'refuse'", (value) =>
    ['both', 'replace', 'refuse'].includes(value as string),
  ),
  onConnect: callback,
  onAway: callback,
  onReconnect: callback,
  onDisconnect: callback,
  onUnknown: callback,
  validators: group({ subscription: expected('a Standard Schema', isSchema) }),
  heartbeat: duration,
  trustProxy: expected(
    'a whole number: 0 or more',
    (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  ),
  patience: duration,
  compression: expected("true, false or 'all'", (value) => value === 'all' || typeof value === 'boolean'),
  limits: group(LIMITS),
  events: group(EVENTS),
  origins: checkOrigins,
  version2: flag,
  backplane: checkBackplane,
  logger: callback,
};

const SSE: Checks<SseOptions> = {
  retry: finite,
  headers: expected('an object of valid headers', isHeaders),
  text: flag,
  name: callback,
};

const ENTITY_SYNC: Checks<EntitySyncOptions> = { initial: flag, message: callback, passThrough: callback };

const WORKERS: Readonly<Record<string, Check>> = {
  grpc: expected('the module @grpc/grpc-js', (value) => typeof value === 'object' && value !== null),
  database: callback,
  folder: text,
  count: some,
};

const CLOSE: Checks<{ drain: number }> = { drain: finite };
const CLOSE_ON_SIGNAL: Readonly<Record<string, Check>> = {
  drain: finite,
  signals: strings('a list of signals'),
  onClosed: callback,
};

type Owner =
  | 'createHub()'
  | 'hub.state()'
  | 'hub.live()'
  | 'hub.entity()'
  | 'hub.presence()'
  | 'hub.shared()'
  | 'hub.pause()'
  | 'put()'
  | 'workers()'
  | 'hub.sse()'
  | 'entitySync()'
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
  'hub.shared()': SHARED,
  'hub.pause()': { retryAfter: finite },
  'put()': PUT,
  'workers()': WORKERS,
  'hub.sse()': SSE,
  'entitySync()': ENTITY_SYNC,
  'state()': { ...STATE, ...HUB },
  'live()': { ...STATE, ...HUB },
  'watch()': { ...STATE, ...HUB },
  'handle()': { ...STATE, ...HUB, ...VIEW },
  'close()': CLOSE,
  'closeOnSignal()': CLOSE_ON_SIGNAL,
};

/** The functions that cannot do without options, or without these. */
const REQUIRED: Partial<Record<Owner, readonly string[]>> = {
  'hub.presence()': ['of'],
  'hub.entity()': [], // fetch or fetchMany
  'workers()': ['grpc'],
};

/**
 * Checks the options that a function of the package was given.
 *
 * @throws VeloxError `bad-option`, with the option that was probably meant.
 */
export function checkOptions(owner: Owner, given: unknown): void {
  const required = REQUIRED[owner];
  if (given === undefined && !required) return;
  checkGiven(owner, given, KNOWN[owner]);
  for (const name of required ?? []) {
    const value = (given as Record<string, unknown>)[name];
    checkArgument(owner, `option "${name}"`, value, KNOWN[owner][name] as Check);
  }
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

function checkBackplane(value: unknown): string | undefined {
  const { log, bus } = Object(value) as Partial<Backplane>;
  const hasLog = typeof log?.append === 'function';
  const hasBus = typeof bus?.publish === 'function';
  if (hasLog && hasBus) return undefined;
  if (hasLog) return 'a backplane. This is a log without a bus: combine({ log, bus: mesh({ … }) })';
  if (hasBus) return 'a backplane. This is a bus without a log: combine({ log: sqlite(database), bus })';
  return 'a backplane, such as memory()';
}

/** Pages without an origin of their own, such as local files, send `null`. */
const ORIGIN = /^(null|[a-z][a-z\d+.-]*:\/\/[^/?#@*]+\/?)$/i;

function checkOrigins(value: unknown): string | undefined {
  const what = "'*' or a list of origins, such as 'https://app.example'";
  if (value === '*') return undefined;
  if (!Array.isArray(value)) return what;
  const wrong: unknown = value.find((each) => typeof each !== 'string' || !ORIGIN.test(each));
  return wrong === undefined ? undefined : `${what}. ${JSON.stringify(wrong)} is none`;
}

function isHeaders(value: unknown): boolean {
  try {
    for (const [name, each] of Object.entries(value as Record<string, string>)) {
      validateHeaderName(name);
      validateHeaderValue(name, each);
    }
    return true;
  } catch {
    return false;
  }
}
