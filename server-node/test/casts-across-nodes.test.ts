/** Events, rooms, names and rows on two nodes of a cluster. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, websocket, type Sync } from '@velox/core';
import { memory } from '../src/backplanes/memory/index.js';
import { withParts } from '../src/cluster/bus-parts.js';
import type { Backplane } from '../src/cluster/bus.js';
import { createHub, type Hub } from '../src/create-hub.js';
import type { LogEntry } from '../src/diagnostics/observer.js';
import { createRandom } from '../src/testing/random.js';
import { MemoryNetwork } from '../src/testing/memory-network.js';
import { VirtualTime } from '../src/testing/virtual-time.js';
import { warmUp } from '../src/testing/warm-up.js';

let time: VirtualTime;
let network: MemoryNetwork;
let backplane: Backplane;
let east: Hub;
let west: Hub;
let restore: (() => void)[];
let syncs: Sync[];
let entries: LogEntry[];
/** By subject: how many messages each node was sent. */
let heard: Map<string, number>;

/** A backplane that counts the messages that its subscribers get. */
function counting(): Backplane {
  const backplane = memory();
  const { bus } = backplane;
  return {
    ...backplane,
    bus: {
      limit: bus.limit,
      publish: (subject, data) => bus.publish(subject, data),
      subscribe: (subject, fn, onDoubt) =>
        bus.subscribe(
          subject,
          (data) => {
            heard.set(subject, (heard.get(subject) ?? 0) + 1);
            fn(data);
          },
          onDoubt,
        ),
    },
  };
}

beforeEach(async () => {
  await warmUp();
  heard = new Map();
  time = new VirtualTime();
  network = new MemoryNetwork(time);
  restore = [time.install(createRandom(1).next), network.install()];
  backplane = counting();
  entries = [];
  const options = {
    backplane,
    logger: (entry: LogEntry) => void entries.push(entry),
    canJoin: () => true,
    authorize: ({ header }: { header: (name: string) => string | undefined }) => header('cookie') ?? '',
    name: (context: unknown) => (context === '' ? undefined : String(context)),
  };
  east = createHub(options);
  west = createHub(options);
  syncs = [];
});

afterEach(async () => {
  for (const sync of syncs) sync.close();
  await Promise.all([east.close(), west.close(), time.advance(20_000)]);
  for (const undo of restore) undo();
});

/** A client of one node, with the events that it receives. */
async function client(hub: Hub): Promise<{ sync: Sync; events: unknown[] }> {
  const name = `client-${syncs.length}`;
  network.path(name);
  network.serve(hub);
  const events: unknown[] = [];
  const sync = time.within(network.path(name).zone, () =>
    connect(network.urlOf(name), { transports: [websocket(network.WebSocket)] }),
  );
  syncs.push(sync);
  sync.on('news', (data) => events.push(data));
  await time.advance(500);
  return { sync, events };
}

describe('an event', () => {
  it('to everyone reaches the clients of all nodes once', async () => {
    const [one, two, three] = [await client(east), await client(east), await client(west)];
    expect(east.emit('news', 1)).toBe(2);
    west.volatile.emit('news', 2);
    await time.advance(100);
    for (const { events } of [one, two, three]) expect(events).toEqual([1, 2]);
  });

  it('carries bytes to the clients of all nodes', async () => {
    const [one, two] = [await client(east), await client(west)];
    east.emit('news', { bytes: new Uint8Array([1, 2, 3]) });
    await time.advance(100);
    for (const { events } of [one, two]) expect(events).toEqual([{ bytes: new Uint8Array([1, 2, 3]) }]);
  });

  it('to rooms reaches their members on all nodes, and no node without members hears of it', async () => {
    const [one, two] = [await client(east), await client(west)];
    const leave = two.sync.join('red');
    two.sync.join('blue');
    await time.advance(100);
    heard.clear();
    east.to(['red', 'blue']).emit('news', 'both');
    east.to('green').emit('news', 'none');
    await time.advance(100);
    expect([one.events, two.events]).toEqual([[], ['both']]);
    expect([...heard.keys()].sort()).toEqual(['velox room blue', 'velox room red']);
    east.to('blue').notIn('red').emit('news', 'not in red');
    leave();
    await time.advance(100);
    heard.clear();
    east.to('red').emit('news', 'left');
    east.to('blue').notIn('red').emit('news', 'only blue');
    await time.advance(100);
    expect(two.events).toEqual(['both', 'only blue']);
    expect(heard.get('velox room red')).toBeUndefined();
  });

  it('to a name reaches its session on another node, and except() leaves it out', async () => {
    const [one, two] = [await client(east), await client(west)];
    const name = west.sessions()[0]?.name as string;
    heard.clear();
    expect(east.only(name).emit('news', 'you')).toBe(0);
    east.except(name).emit('news', 'others');
    await time.advance(100);
    expect([one.events, two.events]).toEqual([['others'], ['you']]);
    // an event to sessions by their handles stays on its node
    heard.clear();
    east.only(east.sessions()).emit('news', 'here');
    await time.advance(100);
    expect([one.events.at(-1), two.events.at(-1), heard.size]).toEqual(['here', 'you', 0]);
  });

  it('from a session to others excludes its own client alone', async () => {
    const [one, two] = [await client(east), await client(west)];
    east.sessions()[0]?.broadcast.emit('news', 'hello');
    await time.advance(100);
    expect([one.events, two.events]).toEqual([[], ['hello']]);
  });
});

/** A fetch begins with `setImmediate`, which is real. */
async function settled(): Promise<void> {
  for (let n = 0; n < 5; n++) await time.advance(50);
}

describe('an entity', () => {
  it('is fetched again on all nodes after notify() or put() on one', async () => {
    let n = 1;
    const fetches = { east: 0, west: 0 };
    const items = east.entity('items', { fetch: () => (fetches.east++, { n }) });
    west.entity('items', { fetch: () => (fetches.west++, { n }) });
    const { sync } = await client(west);
    const replica = sync.replica<{ n: number }>('items/7');
    replica.subscribe(() => undefined);
    await settled();
    expect(replica.get()).toEqual({ n: 1 });
    n = 2;
    east.notify('items', '7');
    await settled();
    expect(replica.get()).toEqual({ n: 2 });
    n = 3;
    items.put('7', { n });
    await settled();
    expect([replica.get(), fetches]).toEqual([{ n: 3 }, { east: 0, west: 3 }]);
  });

  it('is fetched again on all nodes after another program named its row', async () => {
    let n = 1;
    for (const hub of [east, west]) hub.entity('items', { fetch: () => ({ n }) });
    const replicas = await Promise.all(
      [east, west].map(async (hub) => (await client(hub)).sync.replica<{ n: number }>('items/7')),
    );
    for (const replica of replicas) replica.subscribe(() => undefined);
    await settled();
    n = 2;
    const bus = withParts(backplane.bus);
    entries.length = 0;
    for (const data of ['["items","7"]', '["unknown","7"]', 'no JSON', '[7]', '["items",7]'])
      await bus.publish('changed', data);
    await settled();
    expect(replicas.map((replica) => replica.get())).toEqual([{ n: 2 }, { n: 2 }]);
    // Two broken messages reach two nodes.
    expect(entries.filter(({ event }) => event === 'broken message')).toHaveLength(4);
  });
});
