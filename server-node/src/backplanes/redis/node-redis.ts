import { ignoreErrors } from '../../cluster/ignore-errors.js';
import { ClusterDoubt } from './cluster-doubt.js';
import type { RedisConnection, RedisEvents } from './connection.js';
import { endlessStrategy } from './endless-strategy.js';
import { Gate } from './gate.js';
import { SubscriberErrors } from './subscriber-errors.js';

/** Before a subscriber that has given up connects again, in ms. */
const RETRY_MS = 1_000;

type Listener = (message: string, channel: string) => void;

interface Emitter {
  on(event: string, listener: (error: unknown) => void): unknown;
  off(event: string, listener: (error: unknown) => void): unknown;
}
/** The part of a client of node-redis that is used. */
export interface NodeRedis extends Emitter {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  sendCommand(args: string[]): Promise<unknown>;
  duplicate(...options: never[]): unknown;
}
/** The part of a cluster's client of node-redis that is used. */
export interface NodeRedisCluster extends Emitter {
  sendCommand(key: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown>;
  sSubscribe(channel: string, listener: Listener): Promise<unknown>;
  sUnsubscribe(channel: string, listener: Listener): Promise<unknown>;
  readonly masters: readonly unknown[];
  nodeClient(master: never): unknown;
}
interface Subscriber {
  readonly isOpen: boolean;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: Listener): Promise<unknown>;
  unsubscribe(channel: string, listener: Listener): Promise<unknown>;
  on(event: string, listener: (error: unknown) => void): unknown;
  destroy?(): void;
  /** Node-redis 4 has it in place of `destroy`. */
  disconnect?(): Promise<void>;
}

export class NodeRedisConnection implements RedisConnection {
  readonly isCluster: boolean;
  readonly publish: 'PUBLISH' | 'SPUBLISH';
  readonly #client: NodeRedis | NodeRedisCluster;
  /** A cluster's client has connections for subscriptions itself. */
  readonly #subscriber: Subscriber | undefined;
  readonly #gate: Gate;
  readonly #clusterDoubt: ClusterDoubt;
  readonly #onMessage: Listener;
  #connected: Promise<unknown> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  #wasReady = false;
  #isClosed = false;

  constructor(client: NodeRedis | NodeRedisCluster, { onMessage, onDoubt }: RedisEvents) {
    this.#client = client;
    ignoreErrors(client); // it reports each lost connection, and connects again
    this.isCluster = 'masters' in client;
    this.publish = this.isCluster ? 'SPUBLISH' : 'PUBLISH';
    this.#onMessage = (message, channel) => onMessage(channel, message);
    this.#clusterDoubt = new ClusterDoubt(onDoubt);
    // The client of a cluster is ready as soon as it was connected once.
    const isAway = (): boolean => !isCluster(client) && client.isOpen && !client.isReady;
    this.#gate = new Gate(isAway);
    if (isCluster(client)) {
      client.on('node-ready', this.#clusterDoubt.soon);
      return;
    }
    client.on('ready', this.#gate.open);
    client.on('end', this.#gate.open);
    client.on('error', this.#gate.failed); // it also says that the client has given up
    this.#subscriber = duplicate(client);
    this.#listen(this.#subscriber, new SubscriberErrors(isAway), onDoubt);
    this.#connect(this.#subscriber);
  }

  send(key: string, args: readonly string[]): Promise<unknown> {
    const client = this.#client;
    return this.#gate.pass(() =>
      isCluster(client) ? client.sendCommand(key, false, [...args]) : client.sendCommand([...args]),
    );
  }

  async subscribe(channel: string): Promise<void> {
    await this.#connected;
    if (isCluster(this.#client)) await this.#client.sSubscribe(channel, this.#onMessage);
    else await this.#subscriber?.subscribe(channel, this.#onMessage);
  }

  unsubscribe(channel: string): void {
    const done = isCluster(this.#client)
      ? this.#client.sUnsubscribe(channel, this.#onMessage)
      : this.#subscriber?.unsubscribe(channel, this.#onMessage);
    done?.catch(() => {}); // a connection that is lost has no subscriptions
  }

  info(section: string, patience?: number): Promise<string[]> {
    const client = this.#client;
    return this.#gate.pass(async () => {
      const servers = isCluster(client)
        ? await Promise.all(
            client.masters.map(async (master) => (await client.nodeClient(master as never)) as NodeRedis),
          )
        : [client];
      return Promise.all(servers.map(async (server) => String(await server.sendCommand(['INFO', section]))));
    }, patience);
  }

  async close(): Promise<void> {
    const subscriber = this.#subscriber;
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#client.off('ready', this.#gate.open);
    this.#client.off('end', this.#gate.open);
    this.#client.off('error', this.#gate.failed);
    this.#client.off('node-ready', this.#clusterDoubt.soon);
    this.#clusterDoubt.stop();
    try {
      if (subscriber?.destroy) subscriber.destroy();
      else await subscriber?.disconnect?.();
    } catch {
      // It has no connection any more.
    }
  }

  #listen(subscriber: Subscriber, errors: SubscriberErrors, onDoubt: () => void): void {
    subscriber.on('error', (error) => {
      errors.add(error);
      if (subscriber.isOpen || this.#isClosed) return;
      // It has given up, although its strategy does not.
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#connect(subscriber), RETRY_MS).unref();
    });
    // node-redis subscribes again before it says that it is ready.
    subscriber.on('ready', () => {
      errors.end();
      if (this.#wasReady) onDoubt();
      this.#wasReady = true;
    });
  }

  #connect(subscriber: Subscriber): void {
    this.#connected = subscriber.connect();
    this.#connected.catch(() => {}); // each subscription awaits it and rejects
  }
}

/** Makes a connection for subscriptions. With the application's strategy it might give up, and this node would hear nothing more. */
function duplicate(client: NodeRedis): Subscriber {
  const { options } = client as NodeRedis & { readonly options?: { readonly socket?: object } };
  if (!options) return client.duplicate() as Subscriber;
  const { reconnectStrategy } = (options.socket ?? {}) as { readonly reconnectStrategy?: unknown };
  const socket = { ...options.socket, reconnectStrategy: endlessStrategy(reconnectStrategy) };
  return client.duplicate({ socket } as never) as Subscriber;
}

const isCluster = (client: NodeRedis | NodeRedisCluster): client is NodeRedisCluster => 'masters' in client;
