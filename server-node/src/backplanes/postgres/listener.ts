import { setTimeout as sleep } from 'node:timers/promises';
import { isVeloxError, VeloxError } from '@velox/core/protocol';
import { report } from '../../cluster/report.js';
import { answerOf } from './answer-of.js';
import { checkDelivery, ended } from './check-delivery.js';
import type { PostgresPool, PostgresPoolClient, PostgresQuery } from './client.js';
import { NOTIFY } from './statements.js';

/** How long a call waits for the connection, in ms. By default, a pool waits without a limit. */
const CONNECTION_MS = 5_000;
/**
 * Between two queries that notify, in ms: they take time of the server from the appends. While notifications keep coming, each pause is
 * twice the one before, so that a node which appends all the time spends little of it on notifications.
 */
const SHORTEST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 8;
/** Between two attempts to connect, in ms. */
const RETRY_MS = 250;

interface ListenerEvents {
  readonly onNotification: (channel: string, payload: string) => void;
  /** Notifications may have been missed. All channels are listened to again. */
  readonly onDoubt: () => void;
}
interface Notification {
  readonly channel: string;
  readonly payload: string;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

interface Waiter {
  readonly resolve: (client: PostgresPoolClient) => void;
  readonly reject: (reason: Error) => void;
}

/** One connection that listens and notifies. It is taken out of a pool, and replaced when it is lost. */
export class Listener {
  readonly #pool: PostgresPool;
  readonly #events: ListenerEvents;
  readonly #channels = new Set<string>();
  #client: PostgresPoolClient | undefined;
  #isConnecting = false;
  /** When the pool was asked for the connection. */
  #askedAt = 0;
  /** The last query that has waited for the connection. A promise for all of them would keep those that timed out. */
  #waiter: Waiter | undefined;
  /** node-postgres takes one query at a time. */
  #queries: Promise<void> = Promise.resolve();
  #isClosed = false;
  #waiting: Notification[] = [];
  /** When the first of them came. */
  #waitingSince = 0;
  #isNotifying = false;
  #endPause: () => void = () => {};
  /** The channels of this turn of the event loop: one query listens to all. */
  #listening: { readonly channels: string[]; readonly done: Promise<void> } | undefined;

  constructor(pool: PostgresPool, events: ListenerEvents) {
    this.#pool = pool;
    this.#events = events;
  }

  listen(channel: string): Promise<void> {
    this.#channels.add(channel);
    if (!this.#listening) {
      const channels: string[] = [];
      this.#listening = { channels, done: this.#listenTo(channels) };
    }
    this.#listening.channels.push(channel);
    return this.#listening.done;
  }

  unlisten(channel: string): void {
    this.#channels.delete(channel);
    this.#query({ text: `UNLISTEN "${channel}"` }).catch(() => {}); // a connection that is lost listens to nothing
  }

  /**
   * Notifies after earlier calls, one query at a time: each takes a lock of the whole database cluster. Calls that wait share the next
   * query, and notifications that are sent `soon` wait up to 8 ms for others. Equal payloads of one query would arrive once.
   */
  notify(channel: string, payload: string, urgency: 'now' | 'soon' = 'now'): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#waitingSince = performance.now();
      this.#waiting.push({ channel, payload, resolve, reject });
      if (!this.#isNotifying) void this.#notifyWaiting();
      else if (urgency === 'now') this.#endPause();
    });
  }

  /** Gives the connection back, also one that the pool establishes later. */
  close(): void {
    this.#isClosed = true;
    this.#waiter?.reject(closed());
    this.#client?.release(true);
    this.#client = undefined;
  }

  async #listenTo(channels: readonly string[]): Promise<void> {
    await Promise.resolve();
    this.#listening = undefined;
    await this.#query({ text: channels.map((channel) => `LISTEN "${channel}"`).join(';') });
  }

  async #notifyWaiting(): Promise<void> {
    this.#isNotifying = true;
    for (
      let pause = SHORTEST_PAUSE_MS;
      this.#waiting.length > 0;
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
    ) {
      const batch = this.#waiting;
      const since = this.#waitingSince;
      this.#waiting = [];
      const values = [batch.map(({ channel }) => channel), batch.map(({ payload }) => payload)];
      try {
        await this.#query({ name: 'velox_notify', text: NOTIFY, values }, since);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      await this.#pause(pause);
    }
    this.#isNotifying = false;
  }

  async #pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#endPause = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  /** @param since when its caller began to wait */
  async #query(query: PostgresQuery, since = performance.now()): Promise<void> {
    const before = this.#queries;
    const done = (async () => {
      await before;
      if (this.#isClosed) throw closed();
      const client = this.#client ?? (await this.#connection(since));
      await answerOf(client.query(query)).catch((error: unknown) => {
        if (isVeloxError(error, 'timeout')) this.#lost(client);
        throw error;
      });
    })();
    this.#queries = done.catch(() => {});
    await done;
  }

  /** @throws VeloxError `timeout`: there was none within 5 s of `since`, or of the first attempt */
  #connection(since: number): Promise<PostgresPoolClient> {
    return new Promise((resolve, reject) => {
      const isFirst = !this.#isConnecting;
      if (isFirst) this.#askedAt = performance.now();
      const end = Math.max(since, this.#askedAt) + CONNECTION_MS;
      const timer = setTimeout(() => reject(unconnected()), Math.max(0, end - performance.now()));
      this.#waiter = {
        resolve(client) {
          clearTimeout(timer);
          resolve(client);
        },
        reject(reason) {
          clearTimeout(timer);
          reject(reason);
        },
      };
      if (isFirst) void this.#connect();
    });
  }

  async #connect(): Promise<void> {
    this.#isConnecting = true;
    let client: PostgresPoolClient | undefined;
    try {
      client = await this.#pool.connect();
      if (this.#isClosed) throw closed();
      await this.#prepare(client);
      if (this.#isClosed) throw closed();
      this.#client = client;
      this.#waiter?.resolve(client);
    } catch (error) {
      client?.release(true);
      this.#waiter?.reject(error as Error);
    } finally {
      this.#isConnecting = false;
    }
  }

  async #prepare(client: PostgresPoolClient): Promise<void> {
    let isLost = false;
    const onLost = (): void => {
      isLost = true;
      this.#lost(client);
    };
    client.on('error', onLost);
    client.on('end', onLost);
    await answerOf(client.query({ text: `SET synchronous_commit = off; SET application_name = 'velox'` }));
    await checkDelivery(client);
    if (isLost) throw ended();
    const { onNotification } = this.#events;
    client.on('notification', (message: { channel: string; payload?: string }) => {
      onNotification(message.channel, message.payload ?? '');
    });
  }

  /** Replaces a lost connection, as long as there is a channel to listen to. node-postgres may report a loss twice. */
  #lost(client: PostgresPoolClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.release(true);
    void this.#reconnect();
  }

  /** Reports the first failure of an outage, because no call rejects with it. */
  async #reconnect(): Promise<void> {
    for (let isFirst = true; !this.#isClosed && this.#channels.size > 0; isFirst = false) {
      try {
        await this.#listenTo([...this.#channels]);
        return this.#events.onDoubt();
      } catch (error) {
        if (isFirst && !this.#isClosed) report(unheard(error));
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }
}

const unconnected = (): VeloxError =>
  new VeloxError(
    'timeout',
    `there has been no connection to PostgreSQL for ${CONNECTION_MS} ms. Check that it can be reached, and that the pool has one left.`,
  );

const unheard = (cause: unknown): VeloxError =>
  new VeloxError(
    'unavailable',
    'PostgreSQL is away, so messages of other servers are missed. See the cause.',
    { cause },
  );

const closed = (): VeloxError => new VeloxError('closed', 'the backplane is closed. Make another one.');
