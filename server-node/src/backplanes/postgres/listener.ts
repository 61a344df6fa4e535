import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isVeloxError, VeloxError } from '@velox/core/protocol';
import type { PostgresPool, PostgresPoolClient } from './client.js';
import { NOTIFY } from './statements.js';

/** A query or a notification of our own that takes longer means that the connection is dead, in ms. */
const PATIENCE_MS = 5_000;
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

/** One connection that listens and notifies. It is taken out of a pool, and replaced when it is lost. */
export class Listener {
  readonly #pool: PostgresPool;
  readonly #events: ListenerEvents;
  readonly #channels = new Set<string>();
  #client: Promise<PostgresPoolClient> | undefined;
  /** node-postgres takes one query at a time. */
  #queries: Promise<void> = Promise.resolve();
  #isClosed = false;
  #waiting: Notification[] = [];
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
      this.#waiting.push({ channel, payload, resolve, reject });
      if (!this.#isNotifying) void this.#notifyWaiting();
      else if (urgency === 'now') this.#endPause();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    client?.release(true);
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
      this.#waiting = [];
      const values = [batch.map(({ channel }) => channel), batch.map(({ payload }) => payload)];
      try {
        await this.#query({ name: 'velox_notify', text: NOTIFY, values });
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

  async #query(query: { name?: string; text: string; values?: unknown[] }): Promise<void> {
    const before = this.#queries;
    const done = (async () => {
      await before;
      if (this.#isClosed) throw closed();
      const client = await (this.#client ??= this.#connect());
      await inTime(client.query(query)).catch((error: unknown) => {
        if (isVeloxError(error, 'timeout')) this.#lost(client);
        throw error;
      });
    })();
    this.#queries = done.catch(() => {});
    await done;
  }

  async #connect(): Promise<PostgresPoolClient> {
    let client: PostgresPoolClient | undefined;
    try {
      const found = (client = await this.#pool.connect());
      found.on('error', () => this.#lost(found));
      found.on('end', () => this.#lost(found));
      await inTime(found.query({ text: `SET synchronous_commit = off; SET application_name = 'velox'` }));
      await checkDelivery(found);
      if (this.#isClosed) throw closed();
      const { onNotification } = this.#events;
      found.on('notification', (message: { channel: string; payload?: string }) => {
        onNotification(message.channel, message.payload ?? '');
      });
      return found;
    } catch (error) {
      client?.release(true);
      this.#client = undefined;
      throw error;
    }
  }

  /** Replaces a lost connection, as long as there is a channel to listen to. node-postgres may report a loss twice. */
  #lost(client: PostgresPoolClient): void {
    const connecting = this.#client;
    void connecting?.then(
      (current) => {
        if (current !== client || this.#client !== connecting) return;
        this.#client = undefined;
        client.release(true);
        void this.#reconnect();
      },
      () => {},
    );
  }

  async #reconnect(): Promise<void> {
    while (!this.#isClosed && this.#channels.size > 0) {
      try {
        await this.#listenTo([...this.#channels]);
        return this.#events.onDoubt();
      } catch {
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `PostgreSQL has not answered for ${PATIENCE_MS} ms. Look at its log.`;
    timer = setTimeout(() => reject(new VeloxError('timeout', text)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends itself a notification, because behind a pooler that changes connections LISTEN succeeds and nothing arrives. */
async function checkDelivery(client: PostgresPoolClient): Promise<void> {
  const channel = `velox:self:${randomBytes(9).toString('base64url')}`;
  const heard = new Promise<void>((resolve, reject) => {
    client.on('notification', (message: { channel: string }) => {
      if (message.channel === channel) resolve();
    });
    client.on('error', reject);
    client.on('end', () => reject(ended()));
  });
  heard.catch(() => {}); // it may be lost before it is waited for
  await inTime(client.query({ text: `LISTEN "${channel}"` }));
  await inTime(client.query({ text: `NOTIFY "${channel}"` }));
  await inTime(heard).catch((cause: unknown) => {
    if (!isVeloxError(cause, 'timeout')) throw cause;
    throw new VeloxError(
      'not-supported',
      'PostgreSQL delivers no notifications on this connection. If a pooler is between, pass a direct pool as `listen`.',
      { cause },
    );
  });
  await inTime(client.query({ text: `UNLISTEN "${channel}"` }));
}

const ended = (): VeloxError =>
  new VeloxError('unavailable', 'PostgreSQL has ended the connection. Look at its log.');

const closed = (): VeloxError => new VeloxError('closed', 'the backplane is closed. Make another one.');
