import { VeloxError } from '@velox/core/protocol';
import { ClusterDoubt } from './cluster-doubt.js';
import type { RedisConnection, RedisEvents } from './connection.js';
import { endlessStrategy } from './endless-strategy.js';
import { Gate } from './gate.js';
import { SubscriberErrors } from './subscriber-errors.js';

/** The part of ioredis that is used. */
export interface IoRedis {
  call(command: string, ...args: string[]): Promise<unknown>;
  duplicate(...options: never[]): unknown;
  readonly isCluster: boolean;
  readonly status: string;
  on(event: 'ready' | 'end', listener: () => void): unknown;
  off(event: 'ready' | 'end', listener: () => void): unknown;
}
/** States without a connection in which the client keeps commands. In `wait`, the first command lets it connect; after `end`, it refuses them. */
const AWAY = ['connecting', 'connect', 'disconnecting', 'close', 'reconnecting'];
/** The client of a cluster has made connections: it has found another topology, or replaced lost ones. */
const RENEWALS = ['+node', '+subscriber', 'subscribersReady'];
/** An error of one server. The event `error` says only that no server was reached. */
const NODE_ERROR = 'node error';
/** Between two attempts to connect or to subscribe after a refusal, in ms. */
const RETRY_MS = 1_000;
type Listener = (...args: never[]) => void;
interface Subscriber extends Omit<IoRedis, 'on' | 'off'> {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  ssubscribe(channel: string): Promise<unknown>;
  sunsubscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}
interface Cluster extends IoRedis {
  nodes(role: 'master'): IoRedis[];
  readonly options: { readonly shardedSubscribers?: boolean };
}

export class IoRedisConnection implements RedisConnection {
  readonly isCluster: boolean;
  readonly publish: 'PUBLISH' | 'SPUBLISH';
  readonly #client: IoRedis;
  readonly #gate: Gate;
  /** A cluster's client has connections for subscriptions itself. */
  readonly #subscriber: Subscriber;
  readonly #channels = new Set<string>();
  readonly #onMessage: (channel: string, message: string) => void;
  readonly #onDoubt: () => void;
  readonly #clusterDoubt: ClusterDoubt;
  readonly #errors: SubscriberErrors;
  #retry: NodeJS.Timeout | undefined;
  #wasReady = false;
  #isClosed = false;

  constructor(client: IoRedis, { onMessage, onDoubt }: RedisEvents) {
    // Without it, each message may take another way through the cluster, and overtake earlier ones.
    if (client.isCluster && !(client as unknown as Cluster).options.shardedSubscribers) {
      const text =
        'the cluster of ioredis keeps no order of messages. Create it with `shardedSubscribers: true`.';
      throw new VeloxError('bad-option', text);
    }
    this.#client = client;
    const isAway = (): boolean => AWAY.includes(client.status);
    this.#gate = new Gate(isAway);
    this.#errors = new SubscriberErrors(isAway);
    client.on('ready', this.#gate.open);
    client.on('end', this.#gate.open);
    this.isCluster = client.isCluster;
    this.publish = client.isCluster ? 'SPUBLISH' : 'PUBLISH';
    this.#onMessage = onMessage;
    this.#onDoubt = onDoubt;
    this.#clusterDoubt = new ClusterDoubt(onDoubt);
    this.#subscriber = client.isCluster ? (client as unknown as Subscriber) : duplicate(client);
    this.#subscriber.on(this.#messageEvent, onMessage);
    if (client.isCluster) {
      for (const event of RENEWALS) this.#subscriber.on(event, this.#clusterDoubt.soon);
      this.#subscriber.on(NODE_ERROR, this.#gate.failed);
      return;
    }
    this.#subscriber.on('error', (error: unknown) => {
      // The client meets the same errors. A listener there would stop ioredis from printing those that the application does not handle.
      this.#gate.failed(error);
      this.#errors.add(error);
    });
    this.#subscriber.on('ready', () => void this.#onReady());
    // Its strategy never gives up, but the one for sentinels may.
    this.#subscriber.on('end', () => this.#later(() => this.#subscriber.connect()));
  }

  get #messageEvent(): string {
    return this.publish === 'SPUBLISH' ? 'smessage' : 'message';
  }

  send(_key: string, args: readonly string[]): Promise<unknown> {
    const [command, ...rest] = args as [string, ...string[]];
    return this.#gate.pass(() => this.#client.call(command, ...rest));
  }

  async subscribe(channel: string): Promise<void> {
    this.#channels.add(channel);
    await (this.publish === 'SPUBLISH'
      ? this.#subscriber.ssubscribe(channel)
      : this.#subscriber.subscribe(channel));
  }

  unsubscribe(channel: string): void {
    this.#channels.delete(channel);
    const done =
      this.publish === 'SPUBLISH'
        ? this.#subscriber.sunsubscribe(channel)
        : this.#subscriber.unsubscribe(channel);
    done.catch(() => {}); // a connection that is lost has no subscriptions
  }

  info(section: string, patience?: number): Promise<string[]> {
    return this.#gate.pass(() => {
      const servers = this.isCluster ? (this.#client as unknown as Cluster).nodes('master') : [this.#client];
      return Promise.all(servers.map(async (server) => String(await server.call('INFO', section))));
    }, patience);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#client.off('ready', this.#gate.open);
    this.#client.off('end', this.#gate.open);
    this.#clusterDoubt.stop();
    for (const event of RENEWALS) this.#subscriber.off(event, this.#clusterDoubt.soon);
    this.#subscriber.off(NODE_ERROR, this.#gate.failed);
    this.#subscriber.off(this.#messageEvent, this.#onMessage);
    if (!this.isCluster) this.#subscriber.disconnect();
    return Promise.resolve();
  }

  async #onReady(): Promise<void> {
    clearTimeout(this.#retry);
    if (!this.#wasReady) {
      this.#wasReady = true;
      return this.#errors.end();
    }
    const refused = await this.#subscribeTo([...this.#channels]);
    // Doubt comes after the subscriptions: a revision in between would be missed.
    if (refused) this.#onDoubt();
    if (refused?.length) this.#subscribeLater(refused);
  }

  /** Returns the channels that Redis refuses, or undefined if the connection was lost again: then `ready` comes once more. */
  async #subscribeTo(channels: readonly string[]): Promise<string[] | undefined> {
    const results = await Promise.allSettled(channels.map((channel) => this.#subscriber.subscribe(channel)));
    if (this.#isClosed || this.#subscriber.status !== 'ready') return undefined;
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) this.#errors.add(failure.reason);
    else this.#errors.end();
    return channels.filter((_, n) => results[n]?.status === 'rejected');
  }

  /** Subscribes to refused channels when the user may have got the right. */
  #subscribeLater(channels: readonly string[]): void {
    this.#later(async () => {
      const wanted = channels.filter((channel) => this.#channels.has(channel));
      const refused = await this.#subscribeTo(wanted);
      if (refused && refused.length < wanted.length) this.#onDoubt();
      if (refused?.length) this.#subscribeLater(refused);
    });
  }

  #later(call: () => Promise<unknown>): void {
    if (this.#isClosed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void call().catch(() => {}), RETRY_MS).unref(); // events report failures
  }
}

/** Makes a connection for subscriptions. With the application's strategy it might give up, and this node would hear nothing more. */
function duplicate(client: IoRedis): Subscriber {
  const { options } = client as IoRedis & { readonly options?: { readonly retryStrategy?: unknown } };
  const retryStrategy = endlessStrategy(options?.retryStrategy);
  return client.duplicate({
    autoResubscribe: false,
    maxRetriesPerRequest: null,
    retryStrategy,
  } as never) as Subscriber;
}
