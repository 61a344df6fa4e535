/** Channels, and the events that a slow or absent client misses, with real clients over every transport. */
import type { Reconnection, Sync } from '@velox/core';
import { describe, expect, it } from 'vitest';
import type { Hub, HubOptions, Session } from '../../src/index.js';
import { Hub as Core } from '../../src/hub/hub.js';
import { eventMessage } from '../../src/sessions/event-message.js';
import { FakeOutlet } from '../rig/fake-outlet.js';
import type { FaultProxy } from '../rig/fault-proxy.js';
import { sleep, trouble } from './trouble.js';
import { setUp as setUpRig, TRANSPORTS, until, type Options, type Rig, type TransportName } from './ways.js';

interface ChannelRig {
  readonly hub: Hub;
  readonly proxy: FaultProxy;
  readonly rig: Rig;
  readonly sync: Sync;
  /** The client's session, once it is connected. */
  readonly session: () => Promise<Session>;
}

/** The rig of the messaging contract, with one client and events of any name. */
async function setUp(transport: TransportName = 'websocket', options: HubOptions = {}): Promise<ChannelRig> {
  const rig = await setUpRig(transport, options as unknown as Options);
  const hub = rig.hub as unknown as Hub;
  return {
    ...{ hub, rig, proxy: rig.proxy },
    sync: rig.connect() as unknown as Sync,
    async session() {
      await until(() => expect(hub.sessions()).toHaveLength(1));
      return hub.sessions()[0] as Session;
    },
  };
}

describe.each(TRANSPORTS)('over %s,', (transport) => {
  it('a channel has handlers of its own on both sides', async () => {
    const { hub, sync, session } = await setUp(transport);
    const main: unknown[] = [];
    const heard: unknown[] = [];
    hub.on('note', (_, data) => main.push(data));
    sync.on('note', (data) => heard.push(['main', data]));
    const channel = sync.channel('x');
    channel.on({ note: (data) => heard.push(['x', data]), other: (data) => heard.push(['other', data]) });
    channel.onMessage((data) => heard.push(['message', data]));
    const client = await session();
    const there = client.channel('x');
    const got: unknown[] = [];
    there.onMessage((data) => got.push(['message', data]));
    const end = there.on('note', (data) => got.push(['note', data]));
    sync.channel('y').send('nobody reads this');
    channel.send({ a: 1 });
    channel.emit('note', 2);
    sync.emit('note', 3, { channel: 'x' });
    sync.emit('note', 4);
    await until(() => expect([main, got]).toEqual([[4], [['message', { a: 1 }], ['note', 2], ['note', 3]]])); // prettier-ignore
    end();
    there.send('hi');
    there.emit('note', 5);
    client.emit('note', 6, { channel: 'x' });
    hub.emit('other', 7, { channel: 'x' });
    client.emit('note', 8);
    await until(() => expect(heard).toHaveLength(5));
    expect(heard).toEqual(
      expect.arrayContaining([['message', 'hi'], ['x', 5], ['x', 6], ['other', 7], ['main', 8]]), // prettier-ignore
    );
    channel.emit('note', 9);
    channel.send('last');
    await until(() => expect(got.at(-1)).toEqual(['message', 'last']));
    expect(got).toHaveLength(4);
  });

  it('unread data delays neither another channel nor the heartbeat', async () => {
    const { sync, session } = await setUp(transport, { heartbeat: 300 });
    const heard: unknown[] = [];
    let pings = 0;
    sync.channel('read').onMessage((data) => heard.push(data));
    sync.onFrame((frame) => 'ping' in frame && pings++);
    const client = await session();
    for (let i = 0; i < 500; i++) client.channel('unread').send('x'.repeat(500));
    for (let i = 0; i < 5; i++) client.channel('read').send(i);
    await until(() => expect(heard).toEqual([0, 1, 2, 3, 4]));
    const before = pings;
    await until(() => expect(pings).toBeGreaterThan(before));
    expect(sync.dropped.get()).toBe(0);
  });

  it('each channel keeps its order both ways on a network that fails', { timeout: 60_000 }, async () => {
    const { hub, rig, sync, session } = await setUp(transport);
    const lanes = ['x', 'y'];
    /** The numbers that arrived, by direction and channel. */
    const arrived = new Map<string, unknown[]>(
      lanes.flatMap((lane) => [[`down ${lane}`, []], [`up ${lane}`, []]]), // prettier-ignore
    );
    for (const lane of lanes) sync.channel(lane).on('n', (n) => arrived.get(`down ${lane}`)!.push(n));
    const client = await session();
    for (const lane of lanes) client.channel(lane).on('n', (n) => arrived.get(`up ${lane}`)!.push(n));
    await until(() => expect(sync.status.get().state).toBe('open'));
    const troubled = trouble(rig);
    const sent = Array.from({ length: 300 }, (_, n) => n);
    for (const n of sent) {
      sync.emit('n', n, { channel: lanes[n % 2]! });
      hub.emit('n', n, { channel: lanes[n % 2]! });
      if (n % 5 === 0) await sleep(5);
    }
    await troubled;
    await until(() =>
      expect([...arrived.values()].map(({ length }) => length)).toEqual([150, 150, 150, 150]),
    );
    for (const [name, numbers] of arrived)
      expect(numbers).toEqual(sent.filter((n) => lanes[n % 2] === name.split(' ')[1]));
    expect(sync.dropped.get()).toBe(0);
  });

  it('events that onReconnect sends go before waiting ones, however long it takes', async () => {
    const order: unknown[] = [];
    let isAway = false;
    let resolve = (): void => undefined;
    const read = new Promise<void>((done) => (resolve = done));
    const { sync, session, proxy } = await setUp(transport, {
      onAway(gone) {
        isAway = true;
        gone.emit('n', 'waited');
      },
      async onReconnect(back) {
        await read;
        back.emit('n', 'recovered 1');
        await Promise.resolve();
        back.channel('x').emit('n', 'recovered 2');
      },
    });
    sync.on('n', (data) => order.push(data));
    sync.channel('x').on('n', (data) => order.push(data));
    const client = await session();
    await until(() => expect(sync.status.get().state).toBe('open'));
    const reconnections: Reconnection[] = [];
    sync.onReconnect((reconnection) => reconnections.push(reconnection));
    await until(() => {
      if (!isAway) proxy.cut(); // between two polls, there is nothing to cut
      expect(isAway).toBe(true);
    });
    await until(() => expect(reconnections).toEqual([{ recovered: true, dropped: 0 }]));
    client.channel('x').emit('n', 'direct'); // with what the callback sends, for it has the same session
    resolve();
    await until(() => expect(order).toHaveLength(4));
    expect(order).toEqual(['direct', 'recovered 1', 'recovered 2', 'waited']);
  });
});

describe('a new session', () => {
  it('is not recovered, and the client learns that', async () => {
    const { hub, sync, session } = await setUp();
    sync.on('n', () => undefined);
    await session();
    await until(() => expect(sync.status.get().state).toBe('open'));
    const reconnections: Reconnection[] = [];
    const end = sync.onReconnect((reconnection) => reconnections.push(reconnection));
    const ended = until(() => expect(hub.stats().sessions).toBe(0));
    hub.sessions()[0]!.close('bye', 'come back');
    await ended;
    sync.reconnect();
    await until(() => expect(reconnections).toEqual([{ recovered: false, dropped: 0 }]));
    end();
  });
});

describe('a client that does not read', () => {
  const ANYBODY = { context: undefined, identity: undefined };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it.each(['drop-oldest', 'drop-newest', 'close'] as const)(
    'with %s keeps at most the limits, and the loss is counted and reported',
    async (overflow) => {
      const core = new Core({ events: { count: 10, overflow } });
      const slow = new FakeOutlet();
      const session = core.open(slow, ANYBODY, {});
      const quick = new FakeOutlet();
      const other = core.open(quick, ANYBODY, {});
      await turn();
      slow.full = true;
      session.send(eventMessage('first', 0));
      await turn();
      slow.take();
      quick.take();
      const codes: unknown[] = [];
      for (let n = 1; n <= 20; n++) {
        session.send(eventMessage('n', n, { onDrop: (code) => codes.push([n, code]) }));
        other.send(eventMessage('n', n));
        await turn();
      }
      const received = quick.take().filter(({ event }) => event === 'n');
      expect(received.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
      if (overflow === 'close') {
        expect(slow.closed).toBe('4429 too-slow');
        expect(core.stats()).toMatchObject({ sessions: 1, dropped: 10 });
        expect(codes).toHaveLength(20);
        return;
      }
      const lost = overflow === 'drop-oldest' ? [...range(1, 10)] : [...range(10, 20)];
      expect(codes).toEqual(lost.map((n) => [n, 'overflow']));
      expect(core.stats()).toMatchObject({ dropped: lost.length });
      slow.full = false;
      session.drained(slow);
      await turn();
      const frames = slow.take();
      expect(frames.filter((frame) => 'dropped' in frame)).toEqual([{ dropped: lost.length }]);
      const kept = [...range(1, 20)].filter((n) => !lost.includes(n));
      expect(frames.filter(({ event }) => event === 'n').map(({ data }) => data)).toEqual(kept);
    },
  );
});

function* range(first: number, last: number): Generator<number> {
  for (let n = first; n <= last; n++) yield n;
}
