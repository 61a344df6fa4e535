import { channel, type Channel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { attempt } from './maybe-promise.js';

/** One entry of the log: `event` names what happened, the rest are its fields. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly [field: string]: unknown;
}

/**
 * Takes entries of the log; bring your own: with `const log = pino({ errorKey: 'error' })`, `(entry) => log[entry.level](entry)`. The
 * field `error` is the Error itself, and `JSON.stringify(entry)` shows its name, message, code, stack and cause.
 */
export type Logger = (entry: LogEntry) => void;

/** What hubs publish on `diagnostics_channel`, as `velox:connect` and so on. */
export type Diagnostic = (typeof DIAGNOSTICS)[number];

const DIAGNOSTICS = [
  'connect',
  'subscribe',
  'revision',
  'deliver',
  'close',
  // shared states
  'append',
  'heal',
  'renew',
  // sessions on other nodes
  'forward',
  'move',
] as const;

const channels = Object.fromEntries(DIAGNOSTICS.map((name) => [name, channel(`velox:${name}`)])) as Record<
  Diagnostic,
  Channel
>;

/** Reports the events of a hub to the application: over the channels of Node, and to a logger if there is one. */
export class Observer {
  readonly #logger: Logger | undefined;
  readonly #said = new Set<string>();

  constructor(logger?: Logger) {
    this.#logger = logger;
  }

  log(level: LogEntry['level'], event: string, fields: Record<string, unknown>): void {
    const failed = (error: unknown): void => warn('the logger failed', error);
    attempt(() => this.#logger?.(withJson({ level, event, ...fields })), failed);
  }

  /**
   * Reports something once: to the logger, or without one as a warning of the process, unless NODE_ENV is
   * `production`.
   *
   * @param key identifies warnings that are given once each, at most 100 per hub
   * @param advice the event and the remedy
   */
  once(event: string, key: string, advice: string, fields: Record<string, unknown>): void {
    const id = `${event} ${key}`;
    if (this.#said.has(id) || this.#said.size >= MOST_SAID) return;
    this.#said.add(id);
    if (this.#logger) this.log('warn', event, { advice, ...fields });
    else advise(advice);
  }

  /** Reports something that recurs: to the logger each time, or without one as `once` does. */
  often(event: string, key: string, advice: string, fields: Record<string, unknown>): void {
    if (this.#logger) this.log('warn', event, { advice, ...fields });
    else this.once(event, key, advice, fields);
  }

  /** Publishes on a channel. `fields` is called only if the channel has subscribers. */
  publish(name: Diagnostic, fields: () => Record<string, unknown>): void {
    if (channels[name].hasSubscribers) channels[name].publish(fields());
  }

  /**
   * Reports an error of an application's callback: to the logger, or without one as a warning of the process.
   *
   * @param fields say what it was about: topic, identity
   */
  failure(error: unknown, fields: Record<string, unknown> = {}): void {
    if (this.#logger) this.log('error', 'callback failed', { error, ...fields });
    else warn('a callback of the application failed', error);
  }
}

/** How many different warnings a hub gives once: peers choose some of the keys. */
const MOST_SAID = 100;

/** Makes JSON.stringify show errors, which it would show as `{}`. */
function withJson(entry: LogEntry): LogEntry {
  const toJSON = (): object =>
    Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, plain(value, 3)]));
  return Object.defineProperty(entry, 'toJSON', { value: toJSON });
}

/** @param depth how many causes are shown */
function plain(value: unknown, depth: number): unknown {
  if (!(value instanceof Error)) return value;
  const { name, message, stack, code, cause } = value as Error & { code?: unknown };
  return {
    name,
    message,
    code,
    stack,
    ...(depth > 0 && cause !== undefined && { cause: plain(cause, depth - 1) }),
  };
}

/** Shows advice to a developer on stderr, unless NODE_ENV is `production`. */
export function advise(advice: string): void {
  if (process.env.NODE_ENV !== 'production')
    process.emitWarning(`velox: ${advice}`, { type: 'VeloxWarning' });
}

/** Shows on stderr an error that has no other place: an uncaught exception would end the process, and with it all sessions. */
export function warn(what: string, error: unknown): void {
  process.emitWarning(`velox: ${what}. See the detail.`, { type: 'VeloxWarning', detail: describe(error) });
}

function describe(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return 'an error that cannot be shown';
  }
}
