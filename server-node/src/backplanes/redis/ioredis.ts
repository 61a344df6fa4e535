import { VeloxError } from '@velox/core/protocol';
import { ClusterDoubt } from './cluster-doubt.js';
import type { RedisConnection, RedisEvents } from './connection.js';
import { Gate } from './gate.js';

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
type Listener = (...args: never[]) => void;
interface Subscriber extends Omit<IoRedis, 'on' | 'off'> {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
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
    this.#gate = new Gate(() => AWAY.includes(client.status));
    client.on('ready', this.#gate.open);
    client.on('end', this.#gate.open);
    this.isCluster = client.isCluster;
    this.publish = client.isCluster ? 'SPUBLISH' : 'PUBLISH';
    this.#onMessage = onMessage;
    this.#onDoubt = onDoubt;
    this.#clusterDoubt = new ClusterDoubt(onDoubt);
    this.#subscriber = client.isCluster
      ? (client as unknown as Subscriber)
      : (client.duplicate({ autoResubscribe: false, maxRetriesPerRequest: null } as never) as Subscriber);
    this.#subscriber.on(this.#messageEvent, onMessage);
    if (client.isCluster) {
      for (const event of RENEWALS) this.#subscriber.on(event, this.#clusterDoubt.soon);
      this.#subscriber.on(NODE_ERROR, this.#gate.failed);
      return;
    }
    // The client meets the same errors. A listener there would stop ioredis from printing those that the application does not handle.
    this.#subscriber.on('error', this.#gate.failed);
    this.#subscriber.on('ready', () => void this.#resubscribe());
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
    this.#client.off('ready', this.#gate.open);
    this.#client.off('end', this.#gate.open);
    this.#clusterDoubt.stop();
    for (const event of RENEWALS) this.#subscriber.off(event, this.#clusterDoubt.soon);
    this.#subscriber.off(NODE_ERROR, this.#gate.failed);
    this.#subscriber.off(this.#messageEvent, this.#onMessage);
    if (!this.isCluster) this.#subscriber.disconnect();
    return Promise.resolve();
  }

  /** Doubt comes after the subscriptions: a revision in between would be missed. */
  async #resubscribe(): Promise<void> {
    if (!this.#wasReady) return void (this.#wasReady = true);
    try {
      await Promise.all([...this.#channels].map((channel) => this.#subscriber.subscribe(channel)));
      if (!this.#isClosed) this.#onDoubt();
    } catch {
      // The connection was lost again: `ready` comes once more.
    }
  }
}
