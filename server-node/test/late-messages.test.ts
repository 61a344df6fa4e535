/** Sessions that move between nodes while messages of the bus are late or lost. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, websocket, type Sync } from '@velox/core';
import { memory } from '../src/backplanes/memory/index.js';
import { createHub, type Hub } from '../src/create-hub.js';
import { createRandom } from '../src/testing/random.js';
import { MemoryNetwork } from '../src/testing/memory-network.js';
import { VirtualTime } from '../src/testing/virtual-time.js';
import { warmUp } from '../src/testing/warm-up.js';
import { NodeBus } from './rig/node-bus.js';

interface Node {
  readonly hub: Hub;
  readonly bus: NodeBus;
}

let time: VirtualTime;
let network: MemoryNetwork;
let east: Node;
let west: Node;
let south: Node;
let restore: (() => void)[];
let syncs: Sync[];
/** The reasons of `onDisconnect`. */
let ended: string[];

beforeEach(async () => {
  await warmUp();
  time = new VirtualTime();
  network = new MemoryNetwork(time);
  restore = [time.install(createRandom(1).next), network.install()];
  const backplane = memory();
  const start = (): Node => {
    const bus = new NodeBus(backplane.bus);
    const canJoin = (_: unknown, room: string): boolean | Promise<boolean> =>
      room !== 'slow' || new Promise((resolve) => setTimeout(resolve, 2_000, true));
    const onDisconnect = (_: unknown, reason: string): void => void ended.push(reason);
    return { bus, hub: createHub({ backplane: { ...backplane, bus }, canJoin, onDisconnect }) };
  };
  [east, west, south] = [start(), start(), start()];
  syncs = [];
  ended = [];
});

afterEach(async () => {
  for (const sync of syncs) sync.close();
  await Promise.all([...[east, west, south].map(({ hub }) => hub.close()), time.advance(40_000)]);
  for (const undo of restore) undo();
});

interface Client {
  readonly sync: Sync;
  readonly events: unknown[];
  /** Whether each new link had the session of the one before. */
  readonly recovered: boolean[];
}

/** A client of one node. */
async function client(name: string, { hub }: Node): Promise<Client> {
  network.path(name);
  network.serve(hub);
  const sync = time.within(network.path(name).zone, () =>
    connect(network.urlOf(name), { transports: [websocket(network.WebSocket)] }),
  );
  syncs.push(sync);
  const made: Client = { sync, events: [], recovered: [] };
  sync.on('news', (data) => made.events.push(data));
  sync.onReconnect(({ recovered }) => void made.recovered.push(recovered));
  sync.join('red');
  await time.advance(1_000);
  return made;
}

/** The next link of a client opens on another node. */
async function move(name: string, { hub }: Node, ms = 1_200): Promise<void> {
  network.serve(hub);
  network.path(name).cut();
  await time.advance(ms);
}

const isOf = (room: string) => (subject: string) => subject === `velox room ${room}`;

describe('a client whose session moves twice in a short time', () => {
  it('receives a cast that its first node hears last', async () => {
    await client('neighbour', west);
    await client('other', south);
    const { events, recovered } = await client('a', east);
    east.bus.hearMs = (subject) => (isOf('red')(subject) ? 4_000 : 0);
    west.hub.to('red').emit('news', 'cast');
    await move('a', west);
    await move('a', south);
    expect(recovered).toEqual([true, true]);
    await time.advance(4_000);
    expect(events).toEqual(['cast']);
  });

  it('receives a cast once that its first node heard and the last one hears late', async () => {
    await client('neighbour', south);
    const { events, recovered } = await client('a', east);
    south.bus.hearMs = (subject) => (isOf('red')(subject) ? 4_000 : 0);
    east.hub.to('red').emit('news', 'cast');
    await time.advance(100);
    await move('a', west);
    await move('a', south);
    expect(recovered).toEqual([true, true]);
    await time.advance(4_000);
    expect(events).toEqual(['cast']);
  });
});

describe('a session that moves', () => {
  it('arrives if its node answers and the first answers are lost', async () => {
    const { events, recovered } = await client('a', east);
    let lost = 0;
    west.bus.hearMs = (_, data) => (data.includes('"is":"given"') && ++lost <= 4 ? undefined : 0);
    await move('a', west, 0);
    east.hub.emit('news', 'cast');
    await time.advance(10_000);
    expect(lost).toBeGreaterThan(4);
    expect(recovered).toEqual([true]);
    expect(events).toEqual(['cast']);
  });

  it('arrives at a third node that its client reaches while the second one still asks for it', async () => {
    const { events, recovered } = await client('a', east);
    let lost = 0;
    west.bus.hearMs = (_, data) => (data.includes('"is":"given"') && ++lost <= 7 ? undefined : 0);
    await move('a', west, 1_000);
    await move('a', south, 0);
    east.hub.emit('news', 'cast');
    await time.advance(15_000);
    expect(recovered).toEqual([true]);
    expect(events).toEqual(['cast']);
    expect(south.hub.sessions()).toHaveLength(1);
  });
});

it('a session that has moved counts in the room of its new node alone, and its former node ends it once', async () => {
  await client('a', east);
  await move('a', west);
  expect([east, west].map(({ hub }) => hub.room('red').size)).toEqual([0, 1]);
  await time.advance(20_000);
  expect(ended).toEqual(['moved']);
});

describe('a client that moves while it joins a room', () => {
  const whenJoined = (sync: Sync, then: () => void): void => {
    sync.join('slow');
    sync.onFrame((frame) => 'reply' in frame && then());
  };

  it('has its reply when the room hears of all nodes on the new one', async () => {
    const { sync, events } = await client('a', east);
    west.bus.subscribeMs = (subject) => (isOf('slow')(subject) ? 1_500 : 0);
    whenJoined(sync, () => south.hub.to('slow').emit('news', 'cast'));
    await time.advance(200);
    await move('a', west, 8_000);
    expect(west.hub.sessions()[0]?.rooms).toContain('slow');
    expect(events).toEqual(['cast']);
  });

  it('hears its room from all nodes when a former handle of it has joined', async () => {
    const { events } = await client('a', east);
    const [former] = east.hub.sessions();
    await move('a', west);
    west.bus.subscribeMs = (subject) => (isOf('blue')(subject) ? 1_500 : 0);
    void former?.join('blue').then(() => south.hub.to('blue').emit('news', 'cast'));
    await time.advance(4_000);
    expect(events).toEqual(['cast']);
  });

  it('joins by a former handle after it has come back', async () => {
    await client('a', east);
    const [former] = east.hub.sessions();
    await move('a', west, 600);
    await move('a', east);
    void former?.join('blue');
    await time.advance(1_000);
    expect(east.hub.sessions()[0]?.rooms).toEqual(['red', 'blue']);
  });
});
