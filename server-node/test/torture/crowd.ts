import { connect, polling, sse, websocket, type Replica, type Sync } from '@velox/core';
import { WebSocket } from 'ws';
import type { Marks } from './orders.js';

/** One client: its replicas, and how often each received the steps since its version, or a whole value. */
export interface Client {
  readonly sync: Sync;
  readonly replicas: ReadonlyMap<string, Replica<Marks>>;
  /** Links that it has had. */
  links: number;
  /** Whole values that it received. */
  snapshots: number;
}

/** Connects clients over all transports, each to two of the topics. */
export function connectCrowd(origin: string, count: number, topics: readonly string[]): Client[] {
  return Array.from({ length: count }, (_, n) => {
    const transports = [[websocket(WebSocket)], [sse()], [polling()]][n % 3] as [];
    const retry = { delay: () => 50 + Math.random() * 200 };
    const sync = connect(`${origin}/?client=${n}`, { transports, retry });
    const chosen = [topics[n % topics.length] as string, topics[(n * 7 + 3) % topics.length] as string];
    const replicas = new Map([...new Set(chosen)].map((topic) => [topic, sync.replica<Marks>(topic)]));
    const client = { sync, replicas, links: 0, snapshots: 0 };
    for (const replica of replicas.values()) {
      replica.subscribePatches((patches) => {
        if (patches.some(({ path }) => path.length === 0)) client.snapshots++;
      });
    }
    let wasOpen = false;
    sync.status.subscribe(() => {
      const isOpen = sync.status.get().state === 'open';
      if (isOpen && !wasOpen) client.links++;
      wasOpen = isOpen;
    });
    return client;
  });
}
