/** The members of rooms on several nodes of a cluster. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, websocket, type Sync } from '@velox/core';
import { memory } from '../src/backplanes/memory/index.js';
import type { Backplane } from '../src/cluster/bus.js';
import { createHub, type Hub } from '../src/create-hub.js';
import type { StandardSchema } from '../src/index.js';
import type { RoomPresence } from '../src/messaging/presence.js';
import { createRandom } from '../src/testing/random.js';
import { MemoryNetwork } from '../src/testing/memory-network.js';
import { VirtualTime } from '../src/testing/virtual-time.js';
import { warmUp } from '../src/testing/warm-up.js';

/** Lets a client join the slow room. */
let allow: () => void;
/** How long the schema of the members' data takes, in ms. */
let schemaMs: number;
const lateSchema: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) =>
      schemaMs === 0 ? { value } : new Promise((resolve) => setTimeout(resolve, schemaMs, { value })),
  },
};

interface Node {
  readonly hub: Hub;
  readonly presence: RoomPresence;
  /** The messages that its bus has delivered to it, by subject. */
  readonly heard: Map<string, number>;
  /** Whether its bus carries nothing any more, as if it had died. */
  isDead: boolean;
  /** How many of the next messages to it are lost. */
  losing: number;
  /** How late it hears messages of a subject, in ms. */
  hearMs: (subject: string) => number;
}

let time: VirtualTime;
let network: MemoryNetwork;
let backplane: Backplane;
let restore: (() => void)[];
let nodes: Node[];
let syncs: Sync[];

function node(): Node {
  const { bus } = backplane;
  const heard = new Map<string, number>();
  const doubts: (() => void)[] = [];
  const hub = createHub({
    canJoin: (_, room) => room !== 'slow' || new Promise((resolve) => (allow = () => resolve(true))),
    limits: { opensPerAddress: Infinity },
    authorize: ({ token }) => token,
    backplane: {
      ...backplane,
      bus: {
        limit: bus.limit,
        publish: (subject, data) => (made.isDead ? Promise.resolve() : bus.publish(subject, data)),
        subscribe(subject, fn, onDoubt) {
          if (onDoubt) doubts.push(onDoubt);
          return bus.subscribe(subject, (data) => {
            if (made.isDead || (subject.startsWith('velox presence') && made.losing-- > 0)) return;
            heard.set(subject, (heard.get(subject) ?? 0) + 1);
            const late = made.hearMs(subject);
            if (late > 0) setTimeout(() => fn(data), late);
            else fn(data);
          });
        },
      },
    },
  });
  const presence = hub.presence({
    of: ({ context }) => ({ id: String(context), nick: `${context as string}!` }),
    mine: lateSchema,
  });
  const made: Node = {
    hub,
    presence: presence as RoomPresence,
    heard,
    isDead: false,
    losing: 0,
    hearMs: () => 0,
  };
  nodes.push(made);
  return made;
}

/** A client of a node, once it has a link. */
async function client({ hub }: Node, id: string): Promise<Sync> {
  const name = `client-${syncs.length}`;
  network.path(name);
  network.serve(hub);
  const sync = time.within(network.path(name).zone, () =>
    connect(network.urlOf(name), { transports: [websocket(network.WebSocket)], auth: () => id }),
  );
  syncs.push(sync);
  sync.on('any', () => undefined);
  await time.advance(300);
  return sync;
}

/** The members of a room as a client sees them. */
function watch(sync: Sync, room: string): () => unknown {
  const replica = sync.replica<Record<string, object>>(`presence/${room}`);
  replica.subscribe(() => undefined);
  return () => {
    const members = replica.get();
    const brief = ([id, { at, away }]: [string, { at?: object; away?: boolean }]): [string, unknown] => [
      id,
      away ? 'away' : Object.values(at ?? {}),
    ];
    return members && Object.fromEntries(Object.entries(members).map(brief));
  };
}

beforeEach(async () => {
  await warmUp();
  time = new VirtualTime();
  network = new MemoryNetwork(time);
  restore = [time.install(createRandom(1).next), network.install()];
  backplane = memory();
  [nodes, syncs, schemaMs] = [[], [], 0];
});

afterEach(async () => {
  for (const sync of syncs) sync.close();
  await Promise.all([...nodes.map(({ hub }) => hub.close()), time.advance(20_000)]);
  for (const undo of restore) undo();
});

describe('the topic of presence', () => {
  it('shows members of all nodes, with their data, to early and late watchers', async () => {
    const [east, west, south] = [node(), node(), node()];
    const one = await client(east, 'ann');
    const early = watch(one, 'red');
    one.join('red');
    await time.advance(500);
    const two = await client(west, 'bob');
    await time.advance(500);
    const mine = two.call('$presence' as never, { room: 'red', mine: { x: 1 } });
    await time.advance(500);
    await mine;
    const late = watch(await client(south, 'eve'), 'red');
    await time.advance(1_000);
    for (const members of [early, late]) expect(members()).toEqual({ ann: [], bob: [{ x: 1 }] });
    expect(Object.keys(await settled(south.presence.fetchMembers('red'))).sort()).toEqual(['ann', 'bob']);
    expect(west.presence.members('red')).toHaveProperty('bob'); // no client watches here
    expect(west.presence.members('red')).not.toHaveProperty('ann');
    expect(Object.keys(await settled(west.presence.fetchMembers('red'))).sort()).toEqual(['ann', 'bob']);
    two.close();
    await time.advance(1_000);
    for (const members of [early, late]) expect(members()).toEqual({ ann: [], bob: 'away' });
    await time.advance(31_000);
    for (const members of [early, late]) expect(members()).toEqual({ ann: [] });
  });

  it('reaches only nodes whose clients watch the room', async () => {
    const [east, west, south] = [node(), node(), node()];
    const leave = (await client(east, 'ann')).join('red');
    await client(south, 'eve');
    watch(await client(west, 'bob'), 'red');
    await time.advance(1_000);
    leave();
    await time.advance(1_000);
    const subject = 'velox presence red';
    expect([east, south].map(({ heard }) => heard.get(subject))).toEqual([undefined, undefined]);
    expect(west.heard.get(subject)).toBeGreaterThan(0);
  });

  it('forgets the members of a node that died, within its lease', async () => {
    const [east, west] = [node(), node()];
    (await client(east, 'ann')).join('red');
    const members = watch(await client(west, 'bob'), 'red');
    await time.advance(3_000);
    expect(members()).toEqual({ ann: [] });
    east.isDead = true;
    await time.advance(9_000);
    expect(members()).toEqual({});
  });

  it('forgets the members of a node that says goodbye', async () => {
    const [east, west] = [node(), node()];
    (await client(east, 'ann')).join('red');
    const members = watch(await client(west, 'bob'), 'red');
    await time.advance(3_000);
    expect(members()).toEqual({ ann: [] });
    for (const sync of syncs.splice(0, 1)) sync.close();
    await Promise.all([east.hub.close(), time.advance(1_000)]);
    expect(members()).toEqual({});
  });

  it('shows all members again when a node returns that counted as dead', async () => {
    const [east, west] = [node(), node()];
    const [ann, bob] = [await client(east, 'ann'), await client(west, 'bob')];
    const views = [watch(ann, 'red'), watch(bob, 'red')];
    for (const sync of [ann, bob]) sync.join('red');
    await time.advance(3_000);
    west.isDead = true; // its process is suspended, for instance
    await time.advance(9_000);
    expect(views.map((members) => members())).toEqual([{ ann: [] }, { bob: [] }]);
    west.isDead = false;
    await time.advance(5_000);
    for (const members of views) expect(members()).toEqual({ ann: [], bob: [] });
  });

  it('does not show the members of a dead node again when a message of it arrives late', async () => {
    const [east, west] = [node(), node()];
    const members = watch(await client(west, 'bob'), 'red');
    await time.advance(1_000);
    west.hearMs = (subject) => (subject.startsWith('velox presence') ? 9_000 : 0);
    (await client(east, 'ann')).join('red');
    await time.advance(1_000);
    east.isDead = true;
    await time.advance(30_000);
    expect(members()).toEqual({});
  });

  it('asks again after a lost message', async () => {
    const [east, west] = [node(), node()];
    (await client(east, 'ann')).join('red');
    const members = watch(await client(west, 'bob'), 'red');
    await time.advance(1_000);
    west.losing = 1;
    (await client(east, 'eve')).join('red');
    await time.advance(1_000);
    expect(members()).toEqual({ ann: [] });
    const leave = (await client(east, 'joe')).join('red');
    await time.advance(1_000);
    expect(members()).toEqual({ ann: [], eve: [], joe: [] });
    leave();
    await time.advance(1_000);
    expect(members()).toEqual({ ann: [], eve: [] });
  });

  it('shows a member without interruption while its session moves', async () => {
    const [east, west, south] = [node(), node(), node()];
    const sync = await client(east, 'ann');
    sync.join('red');
    const replica = (await client(south, 'eve')).replica<Record<string, { since: number }>>('presence/red');
    const seen = new Set<string>();
    replica.subscribe(() => seen.add(Object.keys(replica.get() ?? {}).join()));
    await time.advance(1_000);
    const since = replica.get()?.ann?.since;
    seen.clear();
    network.serve(west.hub);
    network.path('client-0').cut();
    await time.advance(5_000);
    expect(west.hub.sessions()).toHaveLength(1);
    expect([...seen].filter((ids) => ids !== 'ann')).toEqual([]);
    expect(replica.get()?.ann?.since).toBe(since);
  });
});

describe('the data of a member whose session moves while the server', () => {
  interface Shown {
    readonly id: string;
    readonly name: string;
  }
  const show = (sync: Sync, room: string, x: number): Promise<Shown> =>
    sync.call('$presence' as never, { room, mine: { x } }, { timeout: Infinity }) as Promise<Shown>;

  async function move(to: Node): Promise<void> {
    network.serve(to.hub);
    network.path('client-0').cut();
    await time.advance(1_500);
    expect(to.hub.sessions()).toHaveLength(1);
  }

  it('asks whether it may join is shown on the new node', async () => {
    const [east, west] = [node(), node()];
    const sync = await client(east, 'ann');
    const members = watch(sync, 'slow');
    const shown = show(sync, 'slow', 1);
    await time.advance(100);
    await move(west);
    await time.advance(5_000);
    allow();
    await time.advance(500);
    expect(members()).toEqual({ ann: [{ x: 1 }] });
    expect(await shown).toMatchObject({ id: 'ann', name: west.hub.sessions()[0]?.name });
  });

  it('lets it join between the two questions of the move is shown on the new node', async () => {
    const [east, west] = [node(), node()];
    const sync = await client(east, 'ann');
    const members = watch(sync, 'slow');
    const shown = show(sync, 'slow', 1);
    await time.advance(1_000);
    const letters = (): number =>
      [...east.heard].reduce((sum, [subject, n]) => sum + (subject.startsWith('velox node ') ? n : 0), 0);
    const before = letters();
    west.hearMs = (subject) => (subject.startsWith('velox node ') ? 500 : 0);
    network.serve(west.hub);
    network.path('client-0').cut();
    while (letters() === before) await time.advance(1);
    allow();
    await time.advance(100);
    const since = east.presence.members('slow').ann?.since;
    await time.advance(5_000);
    expect(west.hub.sessions()).toHaveLength(1);
    expect(members()).toEqual({ ann: [{ x: 1 }] });
    expect(west.presence.members('slow')).toMatchObject({ ann: { since } });
    await shown;
  });

  it('checks the data is shown on the new node, unless the client sends newer data there', async () => {
    const [east, west] = [node(), node()];
    const sync = await client(east, 'ann');
    const members = watch(sync, 'red');
    await settled(show(sync, 'red', 1));
    schemaMs = 3_000;
    const late = show(sync, 'red', 2);
    await time.advance(100);
    await move(west);
    await time.advance(3_000);
    expect(members()).toEqual({ ann: [{ x: 2 }] });
    const later = show(sync, 'red', 3);
    await time.advance(100);
    await move(east);
    schemaMs = 0;
    await settled(show(sync, 'red', 4));
    await time.advance(5_000);
    expect(members()).toEqual({ ann: [{ x: 4 }] });
    await Promise.all([late, later]);
  });
});

/** Waits for an answer of other nodes. */
async function settled<T>(answer: Promise<T>): Promise<T> {
  await time.advance(100);
  return answer;
}
