/** @velox/server/nats: a backplane on NATS 2.9 or later with JetStream, by the client `@nats-io`. */
import { checkArgument, checkGiven, expected, option, type Checks } from '@velox/core/protocol';
import type { Backplane } from '../../cluster/bus.js';
import type { NatsConnection, NatsJetStream, NatsMessage } from './client.js';
import { NatsBus } from './nats-bus.js';
import { NatsLog } from './nats-log.js';
import { Stream } from './stream.js';

export type { NatsConnection, NatsJetStream, NatsMessage } from './client.js';

export interface NatsOptions {
  /** The first token of all subjects, and in capitals the name of the stream. Small letters only. Default `velox`. */
  readonly prefix?: string;
  /** On how many servers of a cluster the stream is kept, if it is created. Default 1. */
  readonly replicas?: number;
  /** Whether an acknowledged revision survives power cuts and failovers: 3 replicas and `sync_interval: always`. Default false. */
  readonly durable?: boolean;
}

const CONNECTION = expected(
  'a connection, such as await connect()',
  (value) => typeof (Object(value) as Partial<NatsConnection>).subscribe === 'function',
);
const JETSTREAM = expected(
  'jetstream(connection)',
  (value) => typeof (Object(value) as Partial<NatsJetStream>).publish === 'function',
);

const OPTIONS: Checks<NatsOptions> = {
  prefix: expected('small letters only', (value) => typeof value === 'string' && /^[a-z]+$/.test(value)),
  replicas: option.some,
  durable: option.flag,
};

/**
 * Makes a backplane on NATS. It creates a stream, whose entries are republished to the nodes that follow a topic.
 *
 * @param connection `await connect({ maxReconnectAttempts: -1 })` of `@nats-io/transport-node`. `close` leaves it open.
 * @param jetstream `jetstream(connection)` of `@nats-io/jetstream`
 *
 * @example
 * createHub({ backplane: nats(connection, jetstream(connection)) });
 */
export function nats(
  connection: NatsConnection,
  jetstream: NatsJetStream,
  options: NatsOptions = {},
): Backplane {
  checkGiven('nats()', options, OPTIONS);
  checkArgument('nats()', 'a connection', connection, CONNECTION);
  checkArgument('nats()', 'JetStream', jetstream, JETSTREAM);
  const { prefix = 'velox', replicas = 1, durable = false } = options;
  const subscriptions = new Map<string, { unsubscribe(): void }>();
  const subscribe =
    (tell: (message: NatsMessage) => void) =>
    async (subject: string): Promise<void> => {
      const callback = (error: Error | null, message: NatsMessage): void => {
        if (!error) tell(message);
      };
      subscriptions.set(subject, connection.subscribe(subject, { callback }));
      await connection.flush();
    };
  const unsubscribe = (subject: string): void => {
    subscriptions.get(subject)?.unsubscribe();
    subscriptions.delete(subject);
  };
  const stream = new Stream(connection, jetstream, prefix, replicas);
  const log = new NatsLog(
    stream,
    subscribe((message) => log.tell(message)),
    unsubscribe,
  );
  const bus = new NatsBus(
    connection,
    prefix,
    subscribe((message) => bus.tell(message)),
    unsubscribe,
  );
  const onDoubt = (): void => {
    log.doubt();
    bus.doubt();
  };
  const statuses = watch(connection, () => stream.cut(), onDoubt);
  return {
    log,
    bus,
    durable,
    shared: true,
    close() {
      statuses.stop();
      stream.close();
      for (const subject of [...subscriptions.keys()]) unsubscribe(subject);
      return Promise.resolve();
    },
  };
}

/** Doubts after each reconnect, and when the client has dropped messages. */
function watch(connection: NatsConnection, onCut: () => void, onDoubt: () => void): { stop(): void } {
  const statuses = connection.status() as AsyncIterable<{ readonly type: string }> & { stop?(): void };
  let isStopped = false;
  void (async () => {
    for await (const { type } of statuses) {
      if (isStopped) return;
      if (type === 'disconnect' || type === 'reconnect') onCut();
      if (type !== 'reconnect' && type !== 'slowConsumer') continue;
      // The client has sent its subscriptions again: the server has them when it answers.
      await connection.flush().catch(() => {});
      if (!isStopped) onDoubt();
    }
  })();
  return {
    stop() {
      isStopped = true;
      statuses.stop?.();
    },
  };
}
