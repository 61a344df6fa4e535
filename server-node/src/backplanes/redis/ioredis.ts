import { VeloxError } from '@velox/core/protocol';
import type { RedisConnection, RedisEvents } from './connection.js';

/** The part of ioredis that is used. */
export interface IoRedis {
  call(command: string, ...args: string[]): Promise<unknown>;
  duplicate(...options: never[]): unknown;
  readonly isCluster: boolean;
}
type Listener = (...args: never[]) => void;
interface Subscriber extends IoRedis {
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
  /** A cluster's client has connections for subscriptions itself. */
  readonly #subscriber: Subscriber;
  readonly #channels = new Set<string>();
  readonly #onMessage: (channel: string, message: string) => void;
  readonly #onDoubt: () => void;
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
    this.isCluster = client.isCluster;
    this.publish = client.isCluster ? 'SPUBLISH' : 'PUBLISH';
    this.#onMessage = onMessage;
    this.#onDoubt = onDoubt;
    this.#subscriber = client.isCluster
      ? (client as unknown as Subscriber)
      : (client.duplicate({ autoResubscribe: false, maxRetriesPerRequest: null } as never) as Subscriber);
    this.#subscriber.on(this.#messageEvent, onMessage);
    if (client.isCluster) return;
    this.#subscriber.on('error', () => {}); // the client meets the same errors
    this.#subscriber.on('ready', () => void this.#resubscribe());
  }

  get #messageEvent(): string {
    return this.publish === 'SPUBLISH' ? 'smessage' : 'message';
  }

  send(_key: string, args: readonly string[]): Promise<unknown> {
    const [command, ...rest] = args as [string, ...string[]];
    return this.#client.call(command, ...rest);
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

  async info(section: string): Promise<string[]> {
    const servers = this.isCluster ? (this.#client as unknown as Cluster).nodes('master') : [this.#client];
    return Promise.all(servers.map(async (server) => String(await server.call('INFO', section))));
  }

  close(): Promise<void> {
    this.#isClosed = true;
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
