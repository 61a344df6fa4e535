import { connect, polling, sse, websocket, type Sync } from '@velox/core';
import { memory } from '../../src/backplanes/memory/index.js';
import type { Bus } from '../../src/cluster/bus.js';
import { createHub, type Hub } from '../../src/create-hub.js';
import { MemoryNetwork } from '../../src/testing/memory-network.js';
import { createRandom } from '../../src/testing/random.js';
import { VirtualTime } from '../../src/testing/virtual-time.js';
import { warmUp } from '../../src/testing/warm-up.js';
import { MovesCasts, TEAM } from './moves-casts.js';

/** An event in the life of clients and nodes. */
export type Step =
  /** A client sends an event. */
  | { readonly does: 'up'; readonly client: number }
  /** A node sends an event to the room of all clients, or to the name of one. */
  | { readonly does: 'cast'; readonly node: number }
  | { readonly does: 'down'; readonly node: number; readonly client: number }
  /** A client sends an event that its handler relays to the others, `ms` later. */
  | { readonly does: 'say'; readonly client: number; readonly ms: number }
  /** A node sends an event to all but a client, by an object of its session: the first one or the last one that it had. */
  | { readonly does: 'others'; readonly node: number; readonly client: number; readonly isFirst: boolean }
  /** The same for a call to the client. */
  | { readonly does: 'ask'; readonly node: number; readonly client: number; readonly isFirst: boolean }
  /** A node sends an event to each room, and one to all but its members. */
  | { readonly does: 'tell'; readonly node: number }
  /** A node calls the members of a room. */
  | { readonly does: 'call'; readonly node: number; readonly room: Room | typeof TEAM }
  /** A node lets a client enter or leave the room `team`, by such an object. */
  | {
      readonly does: 'admit' | 'remove';
      readonly node: number;
      readonly client: number;
      readonly isFirst: boolean;
    }
  /** A client enters or leaves a room. The answer of the application takes `DELAYS` of the room. */
  | { readonly does: 'join' | 'leave'; readonly client: number; readonly room: Room }
  /** The connections of a client break: its next link opens on the next node. */
  | { readonly does: 'cut'; readonly client: number }
  /** Another link claims the session of a client. */
  | { readonly does: 'claim'; readonly client: number }
  /** A node dies. */
  | { readonly does: 'die' }
  | { readonly does: 'wait'; readonly ms: number };

export type Room = keyof typeof DELAYS;

/** How long the application takes to allow a room, in ms. */
const DELAYS = { red: 0, slow: 4_000 };

export interface MovesPlan {
  readonly transport: 'websocket' | 'sse' | 'polling';
  readonly seed: number;
  /** How late the nodes hear each other, in ms; default 0. */
  readonly lag?: number;
  readonly steps: readonly Step[];
}

const NODES = 3;
const CLIENTS = 3;

export interface Client {
  readonly sync: Sync;
  readonly got: string[];
  /** The rooms that it wants, with the functions that leave them. */
  readonly rooms: Map<string, () => void>;
  id: string;
}

/** Runs three clients on three nodes. Returns the events that were lost or repeated, and sessions that were owned twice. */
export async function runMoves({ transport, seed, lag = 0, steps }: MovesPlan): Promise<string[]> {
  await warmUp();
  const time = new VirtualTime();
  const network = new MemoryNetwork(time);
  const restore = [time.install(createRandom(seed).next), network.install()];
  const backplane = memory();
  const dead = new Set<Hub>();
  const received: string[] = [];
  const hubs = Array.from({ length: NODES }, (): Hub => {
    const { bus } = backplane;
    const mortal: Bus = {
      limit: bus.limit,
      publish: (subject, data) => (dead.has(hub) ? Promise.resolve() : bus.publish(subject, data)),
      subscribe: (subject, fn, onDoubt) => {
        const hear = (data: string): void => void (dead.has(hub) || fn(data));
        const late = (data: string): void => void setTimeout(hear, lag, data);
        return bus.subscribe(subject, lag > 0 ? late : hear, onDoubt);
      },
    };
    const hub: Hub = createHub({
      backplane: { ...backplane, bus: mortal },
      canJoin: (_, room) => {
        const ms = room in DELAYS ? DELAYS[room as Room] : 0;
        return ms === 0 || new Promise((resolve) => setTimeout(resolve, ms, true));
      },
      limits: { opensPerAddress: Infinity },
      authorize: ({ token }) => token,
      name: (token) => String(token),
      onConnect: (session) => casts.connected(hub, session),
    });
    hub.on('up', (_, data) => void (dead.has(hub) || received.push(String(data))));
    hub.on('say', (session, data) => {
      const { event, ms } = data as { event: string; ms: number };
      setTimeout(() => session.to('all').emit('down', event), ms);
    });
    return hub;
  });
  const living = (): Hub[] => hubs.filter((hub) => !dead.has(hub));
  network.serve(...hubs);
  const factories = { websocket: () => websocket(network.WebSocket), sse, polling };
  const clients = Array.from({ length: CLIENTS }, (_, n): Client => {
    network.path(`c${n}`);
    const sync = time.within(network.path(`c${n}`).zone, () =>
      connect(network.urlOf(`c${n}`), {
        transports: [factories[transport]()],
        auth: () => `c${n}`,
        events: { age: 120_000 },
      }),
    );
    const client: Client = { sync, got: [], rooms: new Map(), id: '' };
    sync.on('down', (data) => client.got.push(String(data)));
    sync.answer('ask', (data) => (client.got.push(String(data)), `c${n}`));
    sync.onFrame((frame) => 'hello' in frame && (client.id = frame.hello.session));
    for (const room of ['all', 'red']) client.rooms.set(room, sync.join(room));
    return client;
  });
  const casts = new MovesCasts(living, clients);
  const sent: string[] = [];
  const hasDied = steps.some(({ does }) => does === 'die');
  try {
    await time.advance(2_000);
    casts.begin();
    for (const [n, step] of steps.entries()) {
      const client = 'client' in step ? (clients[step.client] as Client) : undefined;
      if (step.does === 'wait') await time.advance(step.ms);
      else if (step.does === 'up' && client) {
        sent.push(`up ${n}`);
        client.sync.emit('up', `up ${n}`);
      } else if (step.does === 'join' && client) {
        if (client.rooms.has(step.room)) continue;
        casts.changes(step.client, step.room);
        client.rooms.set(step.room, client.sync.join(step.room));
      } else if (step.does === 'leave' && client) {
        if (!client.rooms.has(step.room)) continue;
        casts.changes(step.client, step.room);
        client.rooms.get(step.room)?.();
        client.rooms.delete(step.room);
      } else if (step.does === 'cut') network.path(`c${step.client}`).cut();
      else if (step.does === 'claim' && client) claim(network, client.id, `c${step.client}`, time);
      else if (step.does === 'die' && dead.size === 0) {
        dead.add(hubs[0] as Hub);
        network.serve(...living());
        network.cut();
      } else casts.perform(step, n);
    }
    await time.advance(hasDied ? 60_000 : 20_000);
    const wrong = clients.flatMap(({ sync }, n) =>
      sync.status.get().state === 'open' ? [] : [`c${n} is ${sync.status.get().state}`],
    );
    wrong.push(...missing(sent, received).map((each) => `lost ${each}`));
    clients.forEach((_, n) => {
      const [session] = living().flatMap((hub) => hub.only(`c${n}`).sessions());
      // The application does not admit a client again that has lost its session.
      const joined = (session?.rooms ?? []).filter((room) => !hasDied || room !== TEAM);
      const wanted = casts.roomsOf(n).filter((room) => !hasDied || room !== TEAM);
      wrong.push(...missing(wanted, joined).map((each) => `c${n} is not in ${each}`));
      wrong.push(...missing(joined, wanted).map((each) => `c${n} is still in ${each}`));
    });
    if (hasDied) return wrong;
    wrong.push(...doubled(received).map((each) => `repeated ${each}`));
    wrong.push(...casts.violations());
    clients.forEach((_, n) => {
      const owners = hubs.filter((hub) => hub.only(`c${n}`).sessions().length > 0);
      if (owners.length !== 1) wrong.push(`c${n} has ${owners.length} owners`);
    });
    return wrong;
  } finally {
    for (const { sync } of clients) sync.close();
    await Promise.all([...hubs.map((hub) => hub.close()), time.advance(20_000)]);
    for (const undo of restore) undo();
  }
}

/** Opens a link of its own for a session, which ends soon. */
function claim(network: MemoryNetwork, session: string, token: string, time: VirtualTime): void {
  network.path('claim');
  const url = network.urlOf('claim').replace('http', 'ws');
  const socket = time.within(
    network.path('claim').zone,
    () => new network.WebSocket(`${url}?velox=3`),
  ) as WebSocket;
  socket.onopen = () => socket.send(JSON.stringify({ open: { session, token } }));
  socket.onmessage = () => socket.close();
  socket.onerror = () => undefined;
}

const missing = (wanted: readonly string[], got: readonly string[]): string[] =>
  wanted.filter((each) => !got.includes(each));

const doubled = (got: readonly string[]): string[] => got.filter((each, at) => got.indexOf(each) !== at);
