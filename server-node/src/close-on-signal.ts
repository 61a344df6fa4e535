import type { Cluster } from 'node:cluster';
import type { Server } from 'node:net';
import { checkArgument, expected } from '@velox/core/protocol';
import type { Endpoint } from './http/endpoint.js';
import { connectionsOf } from './http/servers.js';
import { attempt } from './diagnostics/maybe-promise.js';
import { warn } from './diagnostics/observer.js';
import { onFirstSignal } from './on-first-signal.js';
import { checkOptions } from './options.js';

/** Which signals shut a process down gracefully, and how slowly its clients return. */
export interface CloseOnSignalOptions {
  /** Over how many ms the clients' return is spread; default 5,000. */
  readonly drain?: number;
  /** Default: SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Called when the endpoint has closed: the time to close its backplane, which may hold the process, and then your own connections. */
  readonly onClosed?: () => unknown;
}

const hasClose = (value: unknown): boolean => typeof (value as Partial<Server> | null)?.close === 'function';
const ENDPOINT = expected('a hub, or a state that is served', hasClose);
const SERVER = expected('the server that listens: closeOnSignal(hub, server, { drain: 5000 })', hasClose);

/**
 * Shuts a process down gracefully: at the first signal the endpoint says goodbye and the server takes no more connections. Idle connections
 * end immediately, all others within 5 s. The process ends if nothing else holds it. A second signal has its default effect, if it comes
 * more than 500 ms after the first.
 *
 * @example closeOnSignal(hub, server, { onClosed: () => backplane.close() })
 * @returns a function that removes the listeners
 * @throws VeloxError `bad-option`, also without a server.
 */
export function closeOnSignal(
  endpoint: Pick<Endpoint, 'close'>,
  server: Pick<Server, 'close'>,
  options: CloseOnSignalOptions = {},
): () => void {
  checkArgument('closeOnSignal()', 'an endpoint', endpoint, ENDPOINT);
  checkArgument('closeOnSignal()', 'a server', server, SERVER);
  checkOptions('closeOnSignal()', options);
  const { drain = 5_000, signals = ['SIGTERM', 'SIGINT'], onClosed } = options;
  const connections = connectionsOf(server); // from the first connection on
  const close = (): void => {
    // The channel to the primary process would hold a worker.
    if ((process.getBuiltinModule('node:cluster') as unknown as Cluster).isWorker) process.channel?.unref();
    server.close();
    const failed = (error: unknown): void => warn('the end by a signal failed', error);
    const closed = (): void => void attempt(() => onClosed?.(), failed);
    void endpoint.close({ drain }).catch(failed).then(closed);
    connections?.end(true);
  };
  return onFirstSignal(signals, close);
}
