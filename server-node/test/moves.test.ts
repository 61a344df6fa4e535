/** Sessions whose clients open their next link on another node of the cluster. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, polling, sse, websocket, type ConnectOptions, type Sync } from '@velox/core';
import { memory } from '../src/backplanes/memory/index.js';
import type { Backplane, Bus } from '../src/cluster/bus.js';
import { createHub, type Hub } from '../src/create-hub.js';
import { createRandom } from '../src/testing/random.js';
import { MemoryNetwork } from '../src/testing/memory-network.js';
import { VirtualTime } from '../src/testing/virtual-time.js';
import { warmUp } from '../src/testing/warm-up.js';

let time: VirtualTime;
let network: MemoryNetwork;
let backplane: Backplane;
let restore: (() => void)[];
let hubs: Hub[];
let syncs: Sync[];
/** The callbacks of sessions, by the index of the node. */
let log: string[];
/** The nodes whose bus carries nothing any more, as if they had died. */
let dead: Set<Hub>;

function node(options: Parameters<typeof createHub>[0] = {}): Hub {
  const at = hubs.length;
  const isDead = (): boolean => dead.has(hub);
  const { bus } = backplane;
  const mortal: Bus = {
    limit: bus.limit,
    publish: (subject, data) => (isDead() ? Promise.resolve() : bus.publish(subject, data)),
    subscribe: (subject, fn, onDoubt) => bus.subscribe(subject, (data) => !isDead() && fn(data), onDoubt),
  };
  const hub: Hub = createHub({
    ...options,
    backplane: { ...backplane, bus: mortal },
    canJoin: () => true,
    limits: { opensPerAddress: Infinity },
    onConnect: (_, { isMoved }) => void log.push(`${at} connect${isMoved ? ' moved' : ''}`),
    onReconnect: (_, { recovered, dropped }) => void log.push(`${at} reconnect ${recovered} ${dropped}`),
    onDisconnect: (_, reason) => void log.push(`${at} disconnect ${reason}`),
  });
  hubs.push(hub);
  return hub;
}

beforeEach(async () => {
  await warmUp();
  time = new VirtualTime();
  network = new MemoryNetwork(time);
  restore = [time.install(createRandom(1).next), network.install()];
  backplane = memory();
  [hubs, syncs, log] = [[], [], []];
  dead = new Set();
});

afterEach(async () => {
  for (const sync of syncs) sync.close();
  await Promise.all([...hubs.map((hub) => hub.close()), time.advance(20_000)]);
  for (const undo of restore) undo();
});

interface Client {
  readonly sync: Sync;
  /** The ids of its session. */
  readonly ids: string[];
  readonly events: unknown[];
  readonly reconnections: { recovered: boolean; dropped: number }[];
}

function client(transport: () => Made, name = 'a', auth?: () => string): Client {
  network.path(name);
  const sync = time.within(network.path(name).zone, () =>
    connect(network.urlOf(name), { transports: [transport()], ...(auth && { auth }) }),
  );
  const made: Client = { sync, ids: [], events: [], reconnections: [] };
  sync.onFrame((frame) => 'hello' in frame && made.ids.push(frame.hello.session));
  syncs.push(sync);
  sync.on('news', (data) => made.events.push(data));
  sync.onReconnect((reconnection) => void made.reconnections.push({ ...reconnection }));
  return made;
}

/** The client's next link opens on another node. */
async function moveTo(hub: Hub, ms = 3_000): Promise<void> {
  network.serve(hub);
  network.cut();
  await time.advance(ms);
}

type Made = NonNullable<ConnectOptions['transports']>[number];

interface RawClient {
  readonly hellos: { readonly session: string; readonly was?: string }[];
  close(): void;
}

const codeOf = ({ code }: { code?: string }): string | undefined => code;

/** Waits for an answer of other nodes. */
async function settled<T>(answer: Promise<T>): Promise<T> {
  await time.advance(50);
  return answer;
}

/** A client of one node, whose session moves to another one while its link there is lost. */
async function cutWhileMoving(former: Hub, next: Hub): Promise<Client> {
  network.serve(former);
  const made = client(() => websocket(network.WebSocket));
  await time.advance(3_000);
  network.serve(next);
  network.cut();
  while (next.stats().sessions === 0) await time.advance(1);
  network.cut();
  await time.advance(100);
  expect([former, next].map((hub) => hub.stats().sessions)).toEqual([0, 1]);
  return made;
}

/** A WebSocket that resumes a session, and does nothing else. */
function raw(session: string, token?: string): RawClient {
  network.path('raw');
  const url = network.urlOf('raw').replace('http', 'ws');
  const socket = new network.WebSocket(`${url}?velox=3`) as WebSocket;
  const hellos: RawClient['hellos'] = [];
  socket.onopen = () => socket.send(JSON.stringify({ open: { session, token } }));
  socket.onmessage = ({ data }) => {
    const parsed = JSON.parse(String(data)) as { hello?: RawClient['hellos'][number] };
    if (parsed.hello) hellos.push(parsed.hello);
  };
  return { hellos, close: () => socket.close() };
}

const sessionsOf = (): number[] => hubs.map((hub) => hub.sessions().length);

describe.each([
  ['websocket', () => websocket(network.WebSocket)],
  ['sse', sse],
  ['polling', polling],
] as const)('a session over %s whose next link opens on another node', (_, transport) => {
  it('goes there with its number, name, rooms, data and events, and its client misses nothing', async () => {
    const [east, west] = [node(), node()];
    network.serve(east);
    const { sync, events, reconnections } = client(transport);
    sync.join('red');
    await time.advance(1_000);
    const session = east.sessions()[0]!;
    const { name } = session;
    session.data = { n: 7 };
    east.emit('news', 'before');
    await time.advance(100);
    network.serve(west);
    network.cut();
    // While the client has no link: to the old node, by a handle, a room and a name, from both nodes.
    session.emit('news', 'handle');
    west.to('red').emit('news', 'room');
    west.only(name).emit('news', 'name');
    east.emit('news', 'everyone');
    await time.advance(3_000);
    // Events of different nodes have no order.
    expect([...events].sort()).toEqual(['before', 'everyone', 'handle', 'name', 'room']);
    expect(sessionsOf()).toEqual([0, 1]);
    const moved = west.sessions()[0]!;
    expect([moved.name, moved.rooms, moved.data]).toEqual([name, ['red'], { n: 7 }]);
    expect(reconnections).toEqual([{ recovered: true, dropped: 0 }]);
    expect(log).toEqual(['0 connect', '1 connect moved', '1 reconnect true 0', '0 disconnect moved']);
    // After the move, too: its former handle, its room and its name lead to it.
    session.emit('news', 'old handle');
    east.to('red').emit('news', 'room again');
    east.only(name).emit('news', 'name again');
    await time.advance(500);
    expect(events.slice(5)).toEqual(['old handle', 'room again', 'name again']);
    session.leave('red');
    await time.advance(100);
    expect(moved.rooms).toEqual([]);
    session.close();
    await time.advance(500);
    expect(sync.status.get().state).toBe('closed');
  });

  it('takes no cast from its neighbours, while casts reach it over both nodes', async () => {
    const [east, west] = [node(), node()];
    network.serve(west);
    const neighbour = client(transport, 'b');
    neighbour.sync.join('red');
    await time.advance(1_000);
    network.serve(east);
    const { sync, events } = client(transport);
    sync.join('red');
    await time.advance(1_000);
    network.serve(west);
    network.path('a').cut();
    const all: number[] = [];
    for (let n = 0; n < 40; n++) {
      all.push(n);
      (n % 2 ? east : west).to('red').emit('news', n);
      await time.advance(70);
    }
    await time.advance(3_000);
    expect(west.sessions()).toHaveLength(2);
    expect([...neighbour.events].sort((a, b) => Number(a) - Number(b))).toEqual(all);
    expect([...events].sort((a, b) => Number(a) - Number(b))).toEqual(all);
  });

  it('takes each event of its client once, whatever node the client is on', async () => {
    const nodes = [node(), node(), node()];
    const received: unknown[] = [];
    for (const hub of nodes)
      hub.on('up', (session, data) => {
        received.push(data);
        session.emit('news', data);
      });
    network.serve(nodes[0]);
    const { sync, events, reconnections } = client(transport);
    await time.advance(1_000);
    for (let n = 0; n < 60; n++) {
      sync.emit('up', n);
      await time.advance(50);
      if (n % 10 === 5) {
        network.serve(nodes[((n / 10 + 0.5) % 3) | 0]);
        network.cut();
      }
    }
    await time.advance(5_000);
    const all = Array.from({ length: 60 }, (_, n) => n);
    expect(received).toEqual(all);
    expect(events).toEqual(all);
    expect(reconnections.every(({ recovered }) => recovered)).toBe(true);
    expect(sessionsOf().reduce((a, b) => a + b)).toBe(1);
  });

  it('keeps its calls: those that run go on, and those of the server are answered', async () => {
    const [east, west] = [node(), node()];
    const finishes: ((reply: string) => void)[] = [];
    const aborted: unknown[] = [];
    for (const hub of [east, west])
      hub.answer('slow', (_, data, { signal }) => {
        signal.addEventListener('abort', () => aborted.push(data));
        return new Promise<string>((resolve) => finishes.push(resolve));
      });
    network.serve(east);
    const { sync } = client(transport);
    let answer: (reply: unknown) => void = () => undefined;
    sync.answer('ask', () => new Promise((resolve) => (answer = resolve)));
    await time.advance(1_000);
    const reply = sync.call('slow', 1, { timeout: Infinity });
    const cancelled = new AbortController();
    const other = sync.call('slow', 2, { timeout: Infinity, signal: cancelled.signal });
    other.catch(() => undefined);
    await time.advance(100);
    const asked = east.sessions()[0]!.call('ask', new Uint8Array([1]));
    await time.advance(200);
    await moveTo(west);
    await moveTo(east);
    await moveTo(west);
    answer(new Uint8Array([2]));
    finishes[0]?.('done');
    await time.advance(500);
    expect(await asked).toEqual(new Uint8Array([2]));
    expect(await reply).toBe('done');
    cancelled.abort();
    await time.advance(500);
    expect(aborted).toEqual([2]);
    const third = sync.call('slow', 3, { timeout: Infinity });
    third.catch(() => undefined);
    await time.advance(500);
    sync.close();
    await time.advance(40_000);
    expect(aborted).toEqual([2, 3]);
  });
});

describe('the move of a session', () => {
  const overWebSocket = (): Made => websocket(network.WebSocket);

  it('gives it to one of two nodes that claim it at the same time', async () => {
    const [east, west, south] = [node(), node(), node()];
    network.serve(east);
    const { ids, events, reconnections } = client(overWebSocket);
    await time.advance(1_000);
    const id = ids[0] as string;
    network.serve(west);
    const one = raw(id);
    network.serve(south);
    const other = raw(id);
    await time.advance(2_000);
    // The client came back, too: the newest link has the session, and each former one was replaced.
    expect(sessionsOf().reduce((a, b) => a + b)).toBe(1);
    const was = [...one.hellos, ...other.hellos].map((hello) => hello.was);
    expect(was).toEqual(was.map(() => id));
    for (const hub of [east, west, south]) hub.emit('news', hubs.indexOf(hub));
    await time.advance(3_000);
    one.close();
    other.close();
    await time.advance(2_000);
    expect(reconnections.every(({ recovered }) => recovered)).toBe(true);
    expect([...events].sort()).toEqual([0, 1, 2]);
  });

  it('leaves nothing on its former node when that closes: its calls there end, and `onDisconnect` runs', async () => {
    const [east, west] = [node(), node()];
    network.serve(east);
    const { sync } = client(overWebSocket);
    const aborted: unknown[] = [];
    const never = new Promise(() => undefined);
    east.answer('slow', (_, data, { signal }) => {
      signal.addEventListener('abort', () => aborted.push(data));
      return never;
    });
    sync.answer('ask', () => never);
    await time.advance(1_000);
    const outcomes: unknown[] = [];
    const note = (error: { code?: string }): void => void outcomes.push(codeOf(error));
    void sync.call('slow', 1, { timeout: Infinity }).catch(note);
    void east.sessions()[0]!.call('ask', 1, { timeout: Infinity }).catch(note);
    await time.advance(100);
    await moveTo(west, 900);
    const [remote] = await settled(east.fetchSessions());
    void remote!.call('ask', 2, { timeout: Infinity }).catch(note);
    await time.advance(50);
    expect(log).toEqual(['0 connect', '1 connect moved', '1 reconnect true 0']);
    await Promise.all([east.close(), time.advance(200)]);
    expect([aborted, outcomes]).toEqual([[1], ['unknown-outcome', 'unknown-outcome', 'unknown-outcome']]);
    expect(log.at(-1)).toBe('0 disconnect moved');
  });

  it.each([
    ['former', 0],
    ['new', 1],
  ])('ends a call that its %s node gave up after writing it, if its client lost events', async (_, at) => {
    const events = { count: 5, overflow: 'drop-oldest' } as const;
    const [east, west] = [node({ events }), node({ events })];
    network.serve(east);
    const { sync, ids, reconnections } = client(overWebSocket);
    const asked: unknown[] = [];
    sync.answer('ask', (data) => void asked.push(data));
    await time.advance(3_000);
    const path = network.path('a');
    path.stalledUntil = Infinity; // no frame reaches the client
    path.refused = ['websocket'];
    const outcome = east.sessions()[0]!.call('ask', 1, { timeout: Infinity }).catch(codeOf);
    await time.advance(50);
    network.serve(west);
    const other = at === 1 ? raw(ids[0] as string) : undefined; // a link that acknowledges nothing
    await time.advance(500);
    expect(sessionsOf()).toEqual(at === 1 ? [0, 1] : [1, 0]);
    for (let n = 0; n < 20; n++) {
      east.emit('news', n);
      await time.advance(5);
    }
    other?.close();
    path.halfOpen('nobody'); // what is under way is lost
    path.heal();
    await moveTo(west, 8_000);
    expect([await outcome, asked]).toEqual(['unknown-outcome', []]);
    expect(reconnections.at(-1)).toMatchObject({ recovered: false });
  });

  it('runs no callback on a node where its client had no link', async () => {
    const [east, west, south] = [node(), node(), node()];
    const { reconnections } = await cutWhileMoving(east, west);
    network.serve(south);
    await time.advance(5_000);
    expect(reconnections).toEqual([{ recovered: true, dropped: 0 }]);
    expect(log).toEqual(['0 connect', '2 connect moved', '2 reconnect true 0', '0 disconnect moved']);
  });

  it('runs `onConnect` and `onDisconnect` on its last node if its client never had a link there', async () => {
    const [east, west] = [node(), node()];
    const { sync } = await cutWhileMoving(east, west);
    sync.close();
    await time.advance(40_000);
    expect(log).toEqual(['0 connect', '0 disconnect moved', '1 connect moved', '1 disconnect lost']);
  });

  it('is refused to another client, which gets a session of its own', async () => {
    const authorize = ({ token }: { token: string | undefined }): object => ({ user: token });
    const [east, west] = [node({ authorize }), node({ authorize })];
    network.serve(east);
    const { sync, ids } = client(overWebSocket, 'a', () => 'alice');
    await time.advance(1_000);
    sync.close();
    const id = ids[0] as string;
    network.serve(west);
    const thief = raw(id, 'mallory');
    await time.advance(1_000);
    expect(thief.hellos).toMatchObject([{ session: expect.not.stringContaining(id.slice(9)) as string }]);
    expect(thief.hellos[0]).not.toHaveProperty('was');
    expect(sessionsOf()).toEqual([1, 1]);
    const owner = raw(id, 'alice');
    await time.advance(1_000);
    expect(owner.hellos).toMatchObject([{ was: id }]);
    expect(sessionsOf()).toEqual([0, 2]);
    thief.close();
    owner.close();
    await time.advance(1_000);
  });

  it.each([
    ['says goodbye', true],
    ['vanishes', false],
  ])('fails if its node %s, and the client is notified of its new session', async (_, isClosed) => {
    const [east, west] = [node(), node()];
    network.serve(east);
    const { sync, reconnections } = client(overWebSocket);
    await time.advance(3_000);
    if (isClosed) await Promise.all([east.close(), time.advance(100)]);
    else dead.add(east);
    await moveTo(west, 9_000);
    expect(sync.status.get().state).toBe('open');
    // While the node may only be busy, the client gives up a link that is never read, and whose session ends unused.
    expect(west.sessions().filter(({ transport: name }) => name)).toHaveLength(1);
    expect(reconnections).toEqual([{ recovered: false, dropped: 0 }]);
    hubs.splice(0, 1);
    await Promise.all([east.close(), time.advance(6_000)]);
  });
});
