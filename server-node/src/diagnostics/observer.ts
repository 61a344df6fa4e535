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
 * Takes entries of the log; bring your own: with `const log = pino({ errorKey: 'error' })`, `(entry) => log[entry.level](entry)`. An
 * `error` is the Error itself, of which plain JSON shows nothing.
 */
export type Logger = (entry: LogEntry) => void;

/** What hubs publish on `diagnostics_channel`, as `velox:connect` and so on. */
export type Diagnostic = 'connect' | 'subscribe' | 'revision' | 'deliver' | 'close';

const channels = Object.fromEntries(
  ['connect', 'subscribe', 'revision', 'deliver', 'close'].map((name) => [name, channel(`velox:${name}`)]),
) as Record<Diagnostic, Channel>;

/** Lets the application see what a hub does: by the channels of Node, and by a log that is silent unless asked for. */
export class Observer {
  readonly #logger: Logger | undefined;

  constructor(logger?: Logger) {
    this.#logger = logger;
  }

  log(level: LogEntry['level'], event: string, fields: Record<string, unknown>): void {
    const failed = (error: unknown): void => warn('the logger failed', error);
    attempt(() => this.#logger?.({ level, event, ...fields }), failed);
  }

  /** Publishes on a channel; `fields` are made only where somebody listens. */
  publish(name: Diagnostic, fields: () => Record<string, unknown>): void {
    if (channels[name].hasSubscribers) channels[name].publish(fields());
  }

  /** An error of an application's callback: goes to the log, or, where there is none, is a warning of the process. */
  failure(error: unknown): void {
    if (this.#logger) this.log('error', 'callback failed', { error });
    else warn('a callback of the application failed', error);
  }
}

/** What nobody else takes is seen on stderr: an exception that nobody catches would end the process, and with it all sessions. */
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
