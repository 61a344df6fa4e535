/** A hub behind the fault proxy, and clients over each transport: the rig of the messaging contract. */
import { connect, type ConnectOptions, type Sync } from '@velox/core';
import { EventSource } from 'eventsource';
import { expect, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createHub, type Hub, type HubOptions, type Session } from '../../src/index.js';
import { createFaultProxy, type FaultProxy } from '../rig/fault-proxy.js';
import { listen, type Listening } from '../rig/listen.js';

/** The transports of Velox clients, which carry messages in both directions. */
export const TRANSPORTS = ['websocket', 'sse', 'polling'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** All ways from a hub to a client. `event-source` is `hub.sse`: it carries events to clients, and delivers them at least once. */
export const WAYS = [...TRANSPORTS, 'event-source'] as const;
export type Way = (typeof WAYS)[number];

export interface App {
  topics: { board: { n: number } };
  events: { note: string; at: number; n: number };
  calls: {
    add: (numbers: number[]) => number;
    wait: [null, string];
    fail: [string, never];
    ask: (question: string) => string;
  };
}

/** The context of a client is its name. */
export type Options = HubOptions<string, Session<string, App>>;

/** A client that hears events. */
export interface Listener {
  /** Calls back with the data of each event of a name. */
  on<N extends keyof App['events']>(event: N, listener: (data: App['events'][N]) => void): void;
  /** The reported gaps: how many events were lost; null: its session, with an unknown number of events. */
  readonly gaps: (number | null)[];
  /** Whether an event may arrive again after a lost link. */
  readonly repeats: boolean;
  readonly close: () => void;
}

export interface Rig {
  /** The hub that serves, see {@link restart}. */
  readonly hub: Hub<App, string>;
  readonly proxy: FaultProxy;
  readonly server: Listening;
  /** Connects a Velox client through the proxy. */
  readonly connect: (name?: string, transport?: TransportName, options?: ConnectOptions) => Sync<App>;
  /** Connects a client that only listens, over any way, and resolves when it knows its session. */
  readonly listen: (name: string, way?: Way) => Promise<Listener>;
  /** Starts another hub in place of the present one, which closes: a new process at the same address. */
  readonly restart: () => Promise<void>;
}

export const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000 });

/** Starts a hub, a server and the proxy in front of it. Everything ends with the test. */
export async function setUp(way: Way = 'websocket', options: Options = {}): Promise<Rig> {
  const start = () => {
    const hub = createHub<App, string>({
      authorize: ({ token }) => token ?? 'nobody',
      name: (context) => context,
      canJoin: (_, room) => room !== 'secret',
      ...options,
    });
    const name = (_: unknown, { request }: { readonly request?: unknown }): string =>
      new URL((request as { url: string }).url, 'http://h').searchParams.get('me') ?? '';
    return { hub, events: hub.sse({ retry: 20, name }) };
  };
  let current = start();
  const server = await listen((request, response) => {
    const { hub, events } = current;
    void (request.url?.startsWith('/events') ? events.handle : hub.handle)(request, response);
  });
  const proxy = await createFaultProxy({ port: Number(new URL(server.origin).port) });
  onTestFinished(async () => {
    await current.hub.close();
    await proxy.close();
    await server.close();
  });
  const rig: Rig = {
    get hub() {
      return current.hub;
    },
    proxy,
    server,
    connect(name = 'ann', transport = way === 'event-source' ? 'sse' : way, more = {}) {
      const sync = connect<App>(`${proxy.origin}/sync`, {
        transport,
        WebSocket,
        auth: () => name,
        retry: { delay: () => 20 },
        ...more,
      });
      onTestFinished(sync.close);
      return sync;
    },
    listen(name, own = way) {
      return own === 'event-source' ? plain(proxy.origin, name) : veloxOf(rig.connect(name, own));
    },
    async restart() {
      const former = current;
      current = start();
      await former.hub.close();
    },
  };
  return rig;
}

async function veloxOf(sync: Sync<App>): Promise<Listener> {
  const gaps: Listener['gaps'] = [];
  sync.onReconnect(({ recovered, dropped }) => !recovered && gaps.push(dropped || null));
  await until(() => expect(sync.status.get().state).toBe('open'));
  const { close } = sync;
  return { on: (event, listener) => void sync.on(event, listener as never), gaps, repeats: false, close };
}

async function plain(origin: string, name: string): Promise<Listener> {
  const source = new EventSource(`${origin}/events?me=${name}`);
  onTestFinished(() => source.close());
  const gaps: Listener['gaps'] = [];
  const add = (event: string, listener: (data: never) => void): void =>
    source.addEventListener(event, ({ data }: MessageEvent<string>) => listener(JSON.parse(data) as never));
  add('$dropped', (count: number | null) => gaps.push(count));
  await new Promise((resolve) => source.addEventListener('$id', resolve, { once: true }));
  return { on: add, gaps, repeats: true, close: () => source.close() };
}

/** The events `n` in the order in which they came, without the repetitions that `hub.sse` allows. */
export function numbersOf(listener: Listener): number[] {
  const numbers: number[] = [];
  listener.on('n', (n) => (listener.repeats && numbers.includes(n)) || numbers.push(n));
  return numbers;
}
