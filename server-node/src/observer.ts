import { channel, type Channel } from 'node:diagnostics_channel';
import { report } from '@velox/core/protocol';

/** One entry of the log: `event` names what happened, the rest are its fields. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Takes entries of the log; bring your own, `(entry) => pino[entry.level](entry)` for instance. */
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
    this.#logger?.({ level, event, ...fields });
  }

  /** Publishes on a channel; `fields` are made only where somebody listens. */
  publish(name: Diagnostic, fields: () => Record<string, unknown>): void {
    if (channels[name].hasSubscribers) channels[name].publish(fields());
  }

  /** An error of an application's callback: logged, and handed to the host so that nobody overlooks it. */
  failure(error: unknown): void {
    if (this.#logger) this.log('error', 'callback failed', { error });
    else report(error);
  }
}
