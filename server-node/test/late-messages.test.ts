/** Sessions that move between nodes while messages of the bus are late or lost. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sync } from '@velox/core';
import { NodeCluster, type ClusterClient, type ClusterNode } from './rig/node-cluster.js';

let cluster: NodeCluster;
let east: ClusterNode;
let west: ClusterNode;
let south: ClusterNode;
/** The reasons of `onDisconnect`. */
let ended: string[];

beforeEach(async () => {
  cluster = await NodeCluster.start();
  ended = [];
  const canJoin = (_: unknown, room: string): boolean | Promise<boolean> =>
    room !== 'slow' || new Promise((resolve) => setTimeout(resolve, 2_000, true));
  const onDisconnect = (_: unknown, reason: string): void => void ended.push(reason);
  const start = (): ClusterNode => cluster.node({ canJoin, onDisconnect });
  [east, west, south] = [start(), start(), start()];
});

afterEach(() => cluster[Symbol.asyncDispose]());

/** A client of one node, in the room `red`. */
async function client(name: string, node: ClusterNode): Promise<ClusterClient> {
  const made = await cluster.client(name, node);
  made.sync.join('red');
  await cluster.time.advance(500);
  return made;
}

const move = (...given: Parameters<NodeCluster['move']>): Promise<void> => cluster.move(...given);

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
    await cluster.time.advance(4_000);
    expect(events).toEqual(['cast']);
  });

  it('receives a cast once that its first node heard and the last one hears late', async () => {
    await client('neighbour', south);
    const { events, recovered } = await client('a', east);
    south.bus.hearMs = (subject) => (isOf('red')(subject) ? 4_000 : 0);
    east.hub.to('red').emit('news', 'cast');
    await cluster.time.advance(100);
    await move('a', west);
    await move('a', south);
    expect(recovered).toEqual([true, true]);
    await cluster.time.advance(4_000);
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
    await cluster.time.advance(10_000);
    expect(lost).toBeGreaterThan(4);
    expect(recovered).toEqual([true]);
    expect(events).toEqual(['cast']);
  });

  it('receives each cast once if the confirmation of its new node is lost', async () => {
    await client('neighbour', east);
    const { events, recovered } = await client('a', east);
    let isLost = false;
    east.bus.hearMs = (_, data) => {
      const isFirst = !isLost && data.includes('"kind":"took"');
      isLost ||= isFirst;
      return isFirst ? undefined : 0;
    };
    await move('a', west);
    expect([isLost, recovered]).toEqual([true, [true]]);
    await cluster.time.advance(13_000); // the new node does not compare casts any more
    south.hub.to('red').emit('news', 'cast');
    await cluster.time.advance(1_000);
    expect(events).toEqual(['cast']);
    expect(ended).toEqual(['moved']);
  });

  it('receives each cast once if it goes further before the confirmation arrives', async () => {
    await client('neighbour', east);
    const { events, recovered, sync } = await client('a', east);
    east.hub.answer('slow', () => new Promise(() => undefined));
    sync.call('slow', 1, { timeout: Infinity }).catch(() => undefined);
    await cluster.time.advance(100);
    east.bus.hearMs = (_, data) => (data.includes('"kind":"took"') ? 3_000 : 0);
    const isAt = (data: string): boolean => data.includes('"kind":"at"');
    const { hearMs } = east.bus;
    east.bus.hearMs = (subject, data) => (isAt(data) ? 0 : hearMs(subject, data));
    await move('a', west);
    await move('a', south);
    expect(recovered).toEqual([true, true]);
    await cluster.time.advance(13_000);
    west.hub.to('red').emit('news', 'cast');
    await cluster.time.advance(1_000);
    expect(events).toEqual(['cast']);
    expect(ended).toEqual(['moved', 'moved']);
  });

  it('arrives at a third node that its client reaches while the second one still asks for it', async () => {
    const { events, recovered } = await client('a', east);
    let lost = 0;
    west.bus.hearMs = (_, data) => (data.includes('"is":"given"') && ++lost <= 7 ? undefined : 0);
    await move('a', west, 1_000);
    await move('a', south, 0);
    east.hub.emit('news', 'cast');
    await cluster.time.advance(15_000);
    expect(recovered).toEqual([true]);
    expect(events).toEqual(['cast']);
    expect(south.hub.sessions()).toHaveLength(1);
  });
});

describe('a call of a session that has moved', () => {
  it('gets its reply if the engine is away when its handler ends', async () => {
    let finish: (reply: string) => void = () => undefined;
    east.hub.answer('slow', () => new Promise((resolve) => (finish = resolve)));
    const { sync } = await client('a', east);
    const reply = sync.call('slow', 1, { timeout: Infinity });
    await cluster.time.advance(100);
    await move('a', west);
    east.bus.disconnect();
    finish('done');
    await cluster.time.advance(2_500);
    east.bus.reconnect();
    expect(await cluster.within(reply, 5_000)).toMatchObject({ result: 'done' });
  });

  it('gets the reply of its client if the engine is away when the client answers', async () => {
    const { sync } = await client('a', east);
    let finish: (reply: string) => void = () => undefined;
    sync.answer('ask', () => new Promise((resolve) => (finish = resolve)));
    const reply = east.hub.sessions()[0]!.call('ask', 1, { timeout: Infinity });
    await cluster.time.advance(100);
    await move('a', west);
    west.bus.disconnect();
    finish('done');
    await cluster.time.advance(2_500);
    west.bus.reconnect();
    expect(await cluster.within(reply, 5_000)).toMatchObject({ result: 'done' });
  });

  it('is cancelled if the engine is away when its client cancels it', async () => {
    const aborted: unknown[] = [];
    east.hub.answer('slow', (_, data, { signal }) => {
      signal.addEventListener('abort', () => aborted.push(data));
      return new Promise(() => undefined);
    });
    const { sync } = await client('a', east);
    const cancelling = new AbortController();
    sync.call('slow', 1, { timeout: Infinity, signal: cancelling.signal }).catch(() => undefined);
    sync.call('slow', 2, { timeout: Infinity }).catch(() => undefined);
    await cluster.time.advance(100);
    await move('a', west);
    west.bus.disconnect();
    cancelling.abort();
    west.hub.sessions()[0]!.close();
    await cluster.time.advance(2_500);
    west.bus.reconnect();
    await cluster.time.advance(2_000);
    expect(aborted).toEqual([1, 2]);
  });

  it('gets one reply, before the events that its handler sends next', async () => {
    let finish: () => void = () => undefined;
    east.hub.answer('slow', async (session) => {
      await new Promise<void>((resolve) => (finish = resolve));
      queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => void session.emit('news', 'after'))));
      return 'done';
    });
    const { sync, events } = await client('a', east);
    const frames: string[] = [];
    sync.onFrame((frame) => {
      if ('reply' in frame || 'event' in frame) frames.push('reply' in frame ? 'reply' : frame.event);
    });
    const reply = sync.call('slow', 1, { timeout: Infinity });
    await cluster.time.advance(100);
    await move('a', west);
    let lost = 0;
    east.bus.hearMs = (_, data) => (data.includes('"kind":"answer"') && ++lost <= 3 ? undefined : 0);
    finish();
    await cluster.time.advance(8_000);
    expect([await reply, frames, events]).toEqual(['done', ['reply', 'news'], ['after']]);
    expect(lost).toBeGreaterThan(3);
  });
});

describe('a session that is on its way to a node', () => {
  it('is found and called by that node', async () => {
    const { sync, events } = await client('a', east);
    sync.answer('ask', () => 'well');
    let lost = 0;
    west.bus.hearMs = (_, data) => (data.includes('"is":"given"') && ++lost <= 2 ? undefined : 0);
    await move('a', west, 1_200);
    expect(lost).toBeGreaterThan(0);
    const [found, outcomes] = [west.hub.fetchSessions(), west.hub.to('red').call('ask', 'how?')];
    await cluster.time.advance(10_000);
    const [session] = await found;
    expect((await outcomes).map((outcome) => 'data' in outcome && outcome.data)).toEqual(['well']);
    session?.emit('news', 'hello');
    await cluster.time.advance(100);
    expect(events).toEqual(['hello']);
  });
});

describe('a client that comes back while a slow node still asks for its session', () => {
  it('keeps its session and every cast, although a late copy of the question arrives', async () => {
    const { events, recovered } = await client('a', east);
    west.bus.hearMs = (subject) => (subject.startsWith('velox node ') ? 2_000 : 0);
    await move('a', west, 500);
    await move('a', south, 2_000);
    await move('a', east, 1_000);
    south.hub.to('red').emit('news', 'cast');
    await cluster.time.advance(1_000);
    west.bus.hearMs = () => 0;
    await cluster.time.advance(10_000);
    expect(events).toEqual(['cast']);
    expect([...new Set(recovered)]).toEqual([true]);
  });

  it('keeps its session if the slow node was given it, but received an earlier answer', async () => {
    const { events, recovered } = await client('a', east);
    let isFirst = true;
    west.bus.hearMs = (_, data) => {
      if (!data.includes('"is":"given"')) return 0;
      return isFirst ? ((isFirst = false), undefined) : 0;
    };
    await move('a', west, 200);
    south.hub.to('red').emit('news', 'cast');
    await cluster.time.advance(5_000);
    expect(events).toEqual(['cast']);
    expect(recovered).toEqual([true]);
  });
});

it('a session that has moved counts in the room of its new node alone, and its former node ends it once', async () => {
  await client('a', east);
  await move('a', west);
  expect([east, west].map(({ hub }) => hub.room('red').size)).toEqual([0, 1]);
  await cluster.time.advance(20_000);
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
    await cluster.time.advance(200);
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
    await cluster.time.advance(4_000);
    expect(events).toEqual(['cast']);
  });

  it('joins by a former handle after it has come back', async () => {
    await client('a', east);
    const [former] = east.hub.sessions();
    await move('a', west, 600);
    await move('a', east);
    void former?.join('blue');
    await cluster.time.advance(1_000);
    expect(east.hub.sessions()[0]?.rooms).toEqual(['red', 'blue']);
  });

  it('joins although the engine is away when the application allows it', async () => {
    const { sync, events } = await client('a', east);
    sync.join('slow');
    await cluster.time.advance(200);
    await move('a', west, 1_500);
    for (const { bus } of [east, west, south]) bus.disconnect();
    await cluster.time.advance(900);
    for (const { bus } of [east, west, south]) bus.reconnect();
    await cluster.time.advance(2_000);
    south.hub.to('slow').emit('news', 'cast');
    await cluster.time.advance(100);
    expect(events).toEqual(['cast']);
  });

  it('joins if the application allows it while the session arrives', async () => {
    const { sync, events } = await client('a', east);
    sync.join('slow');
    await cluster.time.advance(700);
    let lost = 0;
    west.bus.hearMs = (_, data) => (data.includes('"is":"given"') && ++lost <= 4 ? undefined : 0);
    await move('a', west, 8_000);
    expect(lost).toBeGreaterThan(4);
    south.hub.to('slow').emit('news', 'cast');
    await cluster.time.advance(100);
    expect(events).toEqual(['cast']);
  });
});

describe('an act of the application on a former handle of a session', () => {
  it('is done in order on the new node, also if some messages are lost', async () => {
    await client('a', east);
    const [former] = east.hub.sessions();
    await move('a', west);
    let lost = 0;
    west.bus.hearMs = (_, data) => (data.includes('"leave"') && ++lost <= 2 ? undefined : 0);
    void former?.join('blue');
    former?.leave('blue');
    void former?.join('green');
    await cluster.time.advance(5_000);
    expect(west.hub.sessions()[0]?.rooms).toEqual(['red', 'green']);
  });

  it('ends the session, also if the first messages are lost', async () => {
    const { sync } = await client('a', east);
    const [former] = east.hub.sessions();
    await move('a', west);
    let lost = 0;
    west.bus.hearMs = (_, data) => (data.includes('"act"') && ++lost <= 2 ? undefined : 0);
    former?.close('kicked', 'enough');
    await cluster.time.advance(5_000);
    expect(sync.status.get().reason).toMatchObject({ code: 'kicked' });
  });
});
