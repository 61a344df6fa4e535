import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEventConnection } from '../connection/connection.js';
import { load } from '../platform/load.js';
import type { CallError } from '../protocol/call-error.js';
import type { ClientFrame, Limits } from '../protocol/frames.js';
import { createSync } from './sync.js';
import { createFakeTransport, type FakeLink } from '../testing/fake-transport.js';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const tick = () => vi.advanceTimersByTimeAsync(0);
const events = ({ sent }: FakeLink): ClientFrame[] => sent.filter((frame) => 'event' in frame);

function setUp() {
  const fake = createFakeTransport();
  const sync = createSync(createEventConnection({ url: 'http://h/', transports: [fake.transport] }));
  return { sync, ...fake };
}

/** An open connection with a listener. */
async function setUpOpen() {
  const rig = setUp();
  const heard: unknown[] = [];
  const off = rig.sync.on('news', (data) => heard.push(data));
  await tick();
  rig.last().hello();
  return { ...rig, heard, off };
}

describe('emitting', () => {
  it('connects, sends once the server says hello, and closes 1 s after the acknowledgement', async () => {
    const { sync, last, links } = setUp();
    sync.emit('chat', { text: 'hi' });
    await tick();
    expect(last().sent).toEqual([{ open: {} }]);
    last().hello();
    expect(events(last())).toEqual([{ event: 'chat', data: { text: 'hi' }, seq: 1 }]);
    await vi.advanceTimersByTimeAsync(999);
    expect(last().sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(last().sent.slice(2)).toEqual([{ ping: true, ack: true }]); // once, 1 s after the last event
    expect(last().closed).toBe(false);
    last().say({ ack: 1 });
    await vi.advanceTimersByTimeAsync(999);
    expect(last().closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(last().closed).toBe(true);
    expect(links).toHaveLength(1);
  });

  it('sends the value as it was at the call', async () => {
    const { sync, last } = await setUpOpen();
    const data = { at: new Date(0), no: undefined, list: [1] };
    sync.emit('a', data);
    data.list.push(2);
    sync.emit('b', undefined);
    expect(events(last())).toEqual([
      { event: 'a', data: { at: '1970-01-01T00:00:00.000Z', list: [1] }, seq: 1 },
      { event: 'b', data: null },
    ]);
  });

  it('resends, in order, events that the server has not received', async () => {
    const { sync, last } = await setUpOpen();
    for (const data of [1, 2, 3]) sync.emit('a', data);
    last().lose();
    sync.emit('a', 4);
    await vi.advanceTimersByTimeAsync(100);
    last().hello({ ack: 2 });
    expect(events(last())).toEqual([
      { event: 'a', data: 3, seq: 3 },
      { event: 'a', data: 4 },
    ]);
  });

  it('sends a new session the events that the last one had not received', async () => {
    const { sync, last } = await setUpOpen();
    for (const data of [1, 2]) sync.emit('a', data);
    last().say({ ack: 1 });
    last().lose();
    await vi.advanceTimersByTimeAsync(100);
    last().hello({ session: 's2' });
    expect(events(last())).toMatchObject([{ data: 2, seq: 1 }]);
  });

  it('refuses data that is no JSON or too large, and everything after close()', async () => {
    const { sync, last } = await setUpOpen();
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(() => sync.emit('a', cycle)).toThrow(expect.objectContaining({ code: 'not-json' }));
    expect(() => sync.emit('a', 1n)).toThrow(expect.objectContaining({ code: 'not-json' }));
    expect(() => sync.emit('a', 'x'.repeat(1 << 20))).toThrow(expect.objectContaining({ code: 'too-large' }));
    expect(events(last())).toEqual([]);
    sync.close();
    expect(() => sync.emit('a', 1)).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  it.each([
    ['too-large', 'bytes and not characters', '\u4e2d'.repeat(400)],
    ['too-large', 'the whole frame', 'x'.repeat(980)],
    ['too-deep', 'levels', [[[[[1]]]]]],
  ])('rejects data beyond the limits of the server: %s, by %s', async (code, _, data) => {
    const { sync, last } = setUp();
    sync.on('news', () => {});
    await tick();
    last().hello({ limits: { frame: 1_000, depth: 5, rate: 10 } as Limits });
    expect(() => sync.emit('a', data)).toThrow(expect.objectContaining({ code }));
    sync.emit('a', [[['x'.repeat(900)]]]);
    expect(events(last())).toHaveLength(1);
  });

  it('drops waiting events that the server does not accept', async () => {
    const { sync, last } = setUp();
    for (const data of ['short', 'x'.repeat(2_000), 'short']) sync.emit('a', data);
    await tick();
    last().hello({ limits: { frame: 1_000, depth: 500, rate: 10 } as Limits });
    expect(events(last())).toEqual([
      { event: 'a', data: 'short', seq: 1 },
      { event: 'a', data: 'short' },
    ]);
    expect(sync.dropped.get()).toBe(1);
  });

  it('sends no more events than the rate of the server allows, and drops none', async () => {
    const { sync, last } = setUp();
    for (let data = 1; data <= 25; data++) sync.emit('a', data);
    await tick();
    last().hello({ limits: { frame: 1_000, depth: 500, rate: 20 } as Limits });
    const counts: number[] = [];
    for (let step = 0; step < 3; step++) {
      counts.push(events(last()).length);
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(counts).toEqual([8, 16, 24]); // a fifth of the rate is left for other frames
    expect(sync.dropped.get()).toBe(0);
  });

  it('writes no events to a link that a listener of the status leaves', async () => {
    const { sync, last, links } = setUp();
    const stop = sync.status.subscribe(() => {
      if (sync.status.get().state !== 'open') return;
      stop();
      sync.reconnect();
    });
    sync.emit('a', 1);
    await tick();
    last().hello();
    expect([links.length, sync.status.get().state]).toEqual([2, 'connecting']);
    last().hello();
    expect(events(last())).toEqual([{ event: 'a', data: 1, seq: 1 }]);
  });

  it('counts and reports dropped events', async () => {
    const { sync } = setUp();
    const told: number[] = [];
    sync.dropped.subscribe(() => told.push(sync.dropped.get()));
    sync.emit('a', 1);
    sync.emit('a', 2);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(told).toEqual([2]);
  });

  it('leaves no timer and no listener behind when it is closed', async () => {
    const { sync, last } = await setUpOpen();
    sync.emit('a', 1);
    last().say({ event: 'news', data: 1, seq: 1 });
    sync.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('put on a connection that is open already', () => {
  async function setUpLate() {
    const { transport, last } = createFakeTransport();
    const connection = createEventConnection({ url: 'http://h/', transports: [transport] });
    connection.replica().subscribe(() => {});
    await tick();
    last().hello();
    return { last, sync: createSync(connection) };
  }

  it('sends events immediately and keeps them until they are acknowledged', async () => {
    const { sync, last } = await setUpLate();
    sync.emit('chat', 1);
    expect(events(last())).toEqual([{ event: 'chat', data: 1, seq: 1 }]);
    await vi.advanceTimersByTimeAsync(16_000);
    last().lose();
    await vi.advanceTimersByTimeAsync(50);
    last().hello();
    expect(events(last())).toEqual([{ event: 'chat', data: 1, seq: 1 }]);
    expect(sync.dropped.get()).toBe(0);
  });
});

describe('listening', () => {
  it('receives the events of its own name until it ends; other listeners go on', async () => {
    const { sync, last, heard, off } = await setUpOpen();
    const others: unknown[] = [];
    sync.on('news', (data) => others.push(data));
    last().say({ event: 'news', data: 1, seq: 1 }, { event: 'else', data: 2, seq: 2 });
    off();
    off();
    last().say({ event: 'news', data: 3, seq: 3 });
    expect(heard).toEqual([1]);
    expect(others).toEqual([1, 3]);
    await tick();
    expect(last().closed).toBe(false);
  });

  it('keeps the connection open only while a listener exists', async () => {
    const { last, off } = await setUpOpen();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(last().closed).toBe(false);
    off();
    await tick();
    expect(last().closed).toBe(true);
  });

  it('shows earlier changes first', async () => {
    vi.stubGlobal('requestAnimationFrame', () => 1);
    vi.stubGlobal('cancelAnimationFrame', () => {});
    const { sync, last } = setUp();
    const replica = sync.replica<number>();
    const seen: unknown[] = [];
    replica.subscribe(() => {});
    sync.on('news', () => seen.push(replica.get()));
    await tick();
    last().hello();
    last().say(
      { id: 'a', version: 1, body: 7 },
      { event: 'news', data: 0, seq: 1 },
      { id: 'a', version: 2, body: 8 },
    );
    expect(seen).toEqual([7]);
    expect(replica.get()).toBe(7);
  });

  it('acknowledges the rest in the next open frame', async () => {
    const { last } = await setUpOpen();
    last().say({ event: 'news', data: 1, seq: 3 });
    last().lose();
    await vi.advanceTimersByTimeAsync(100);
    expect(last().sent[0]).toEqual({ open: { session: 's1', ack: 3 } });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(last().sent).toHaveLength(1);
  });

  it('counts events dropped by the server once', async () => {
    const { sync, last } = await setUpOpen();
    last().say({ dropped: 2 }, { dropped: 3 });
    expect(sync.dropped.get()).toBe(3);
    for (const [session, dropped] of [
      ['s1', 5],
      ['s2', 0],
      ['s2', 1],
    ] as const) {
      last().lose();
      await vi.advanceTimersByTimeAsync(1_000);
      last().hello({ session });
      if (dropped > 0) last().say({ dropped });
    }
    expect(sync.dropped.get()).toBe(6);
  });

  it('is not affected by another listener that throws', async () => {
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const { sync, last } = setUp();
    const heard: unknown[] = [];
    sync.on('news', () => {
      throw new Error('mine');
    });
    sync.on('news', (data) => heard.push(data));
    await tick();
    last().hello();
    last().say({ event: 'news', data: 1, seq: 1 });
    expect(heard).toEqual([1]);
    expect(report).toHaveBeenCalledOnce();
  });
});

describe('a call that waits for its reply', () => {
  it('keeps the connection open, and asks for acknowledgements only until it has one', async () => {
    const { sync, last } = setUp();
    const reply = sync.call('slow', 1, { timeout: 60_000 });
    await tick();
    last().hello();
    await vi.advanceTimersByTimeAsync(1_000);
    const pings = (): unknown[] => last().sent.filter((frame) => 'ping' in frame);
    expect(pings()).toEqual([{ ping: true, ack: true }]);
    last().say({ ack: 1 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(pings()).toHaveLength(1);
    expect(last().closed).toBe(false);
    last().say({ reply: 1, data: 'done', seq: 1 });
    expect(await reply).toBe('done');
    await vi.advanceTimersByTimeAsync(999);
    expect(last().closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(last().closed).toBe(true);
    expect(pings()).toHaveLength(1);
  });
});

describe('a call whose session ended', () => {
  it('is not sent to the next session if it was written, for it may have run', async () => {
    const { sync, last } = await setUpOpen();
    const outcome = sync.call('buy', 7).catch((error: CallError) => error.code);
    sync.emit('after', 1);
    expect(events(last())).toHaveLength(2);
    last().lose();
    await vi.advanceTimersByTimeAsync(100);
    last().hello({ session: 'another' });
    expect(await outcome).toBe('unknown-outcome');
    expect(events(last())).toEqual([{ event: 'after', data: 1, seq: 1 }]);
  });

  it.each([
    ['was answered', async (reply: Promise<unknown>, say: () => void) => (say(), void (await reply))],
    ['has timed out', async () => void (await vi.advanceTimersByTimeAsync(10_000))],
  ])('is not sent to the next session if it %s before its number was acknowledged', async (_how, end) => {
    const { sync, last } = await setUpOpen();
    const reply = sync.call('buy', 7).catch(() => {});
    await end(reply, () => last().say({ reply: 1, data: null, seq: 1 }));
    last().lose();
    await vi.advanceTimersByTimeAsync(100);
    last().hello({ session: 'another' });
    expect(events(last()).filter((frame) => 'event' in frame)).toEqual([]);
    expect(sync.dropped.get()).toBe(0);
  });

  it('is sent to the next session if it was not written, or if it is idempotent', async () => {
    const { sync, last } = await setUpOpen();
    void sync.call('read', 1, { idempotent: true });
    last().lose();
    void sync.call('buy', 7);
    await vi.advanceTimersByTimeAsync(100);
    last().hello({ session: 'another' });
    const sent = events(last()) as { event: string }[];
    expect(sent.map(({ event }) => event).sort()).toEqual(['buy', 'read']);
  });

  it('is dropped immediately if the queue has no room', async () => {
    const fake = createFakeTransport();
    const connection = createEventConnection({
      url: 'http://h/',
      transports: [fake.transport],
      events: { count: 0 },
    });
    const sync = createSync(connection);
    await expect(sync.call('buy', 7, { timeout: Infinity })).rejects.toMatchObject({ code: 'dropped' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect([sync.status.get().state, vi.getTimerCount()]).toEqual(['idle', 0]);
  });

  it('holds no connection when it has timed out without a link', async () => {
    const { sync, last, off } = await setUpOpen();
    const outcome = sync.call('buy', 7).catch((error: CallError) => error.code);
    off();
    last().lose();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await outcome).toBe('timeout');
    expect(sync.status.get().state).not.toBe('idle'); // the server is to be told
    await vi.advanceTimersByTimeAsync(20_000);
    expect([sync.status.get().state, vi.getTimerCount()]).toEqual(['idle', 0]);
  });

  it('like an event, holds no connection when it waited too long for a link', async () => {
    const { sync, last, off } = await setUpOpen();
    off();
    last().lose();
    sync.emit('news', 1);
    const outcome = sync.call('buy', 7, { timeout: Infinity }).catch((error: CallError) => error.code);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await outcome).toBe('dropped');
    expect([sync.status.get().state, vi.getTimerCount()]).toEqual(['idle', 0]);
  });

  it('has an unknown outcome if it was written and got no link in time', async () => {
    const { sync, last } = await setUpOpen();
    const outcome = sync.call('buy', 7, { timeout: Infinity }).catch((error: CallError) => error.code);
    last().lose();
    const second = sync.call('buy', 8, { timeout: Infinity }).catch((error: CallError) => error.code);
    await vi.advanceTimersByTimeAsync(15_000);
    expect([await outcome, await second]).toEqual(['unknown-outcome', 'dropped']);
  });
});

describe('messages', () => {
  it('may be listened to by an object of several names, and once() receives only the next one', async () => {
    const { sync, last } = await setUpOpen();
    const heard: unknown[] = [];
    const end = sync.on({ a: (data) => heard.push(['a', data]), b: (data) => heard.push(['b', data]) });
    sync.once('a', (data) => heard.push(['once', data]));
    sync.once('a', () => heard.push('never'))();
    last().say({ event: 'a', data: 1, seq: 1 });
    last().say({ event: 'b', data: 2 });
    last().say({ event: 'a', data: 3, channel: 'x' });
    last().say({ event: 'a', data: 4 });
    end();
    last().say({ event: 'a', data: 5 });
    expect(heard).toEqual([['a', 1], ['once', 1], ['b', 2], ['a', 4]]); // prettier-ignore
  });

  it('return whether they were sent, queued or dropped', async () => {
    const { sync, last } = setUp();
    expect(sync.emit('a', 1)).toBe('queued');
    expect(sync.emit('a', 2, { volatile: true })).toBe('dropped');
    await tick();
    last().hello();
    expect(sync.channel('x').send(3)).toBe('sent');
    expect(sync.emit('a', 4, { volatile: true })).toBe('sent');
    expect(events(last())).toEqual([
      { event: 'a', data: 1, seq: 1 },
      { event: '', data: 3, channel: 'x' },
      { event: 'a', data: 4, seq: 0 },
    ]);
    expect(() => sync.emit('a', 5, { volatil: true } as object)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });
});

it.each(['a\nb', '\ud800', 'x'.repeat(1_001)])(
  'a channel that a server would refuse is an error: %j',
  (name) => {
    const { sync } = setUp();
    expect(() => sync.channel(name).send(1)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  },
);

describe('onReconnect', () => {
  it('reports for each later link whether anything was lost', async () => {
    const { sync, last } = await setUpOpen();
    const told: unknown[] = [];
    sync.onReconnect((reconnection) => told.push(reconnection));
    const again = async (hello: object): Promise<void> => {
      last().lose();
      await vi.advanceTimersByTimeAsync(5_000);
      last().hello(hello);
    };
    await again({});
    await again({ dropped: 3 });
    last().say({ dropped: 5 });
    await again({ dropped: 5 });
    await again({ session: 'another' });
    await again({ session: 'another', dropped: 1 });
    expect(told).toEqual([
      { recovered: true, dropped: 0 },
      { recovered: false, dropped: 3 },
      { recovered: true, dropped: 0 },
      { recovered: false, dropped: 0 },
      { recovered: false, dropped: 1 },
    ]);
    expect(sync.dropped.get()).toBe(6);
  });
});

describe('bytes', () => {
  it('wait for the code that reads them, and so do the frames behind them', async () => {
    const { sync, last, heard } = await setUpOpen();
    sync.on('bytes', (data) => heard.push(data));
    last().say({ event: 'bytes', data: { a: null }, binary: [['/a', 'AQI=']], seq: 1 });
    last().say({ event: 'news', data: 'next' });
    await vi.waitFor(() => expect(heard).toEqual([{ a: new Uint8Array([1, 2]) }, 'next']));
  });

  it('end the link if they do not match the data', async () => {
    const { sync, last } = await setUpOpen();
    await vi.waitFor(() => load());
    last().say({ event: 'news', data: 1, binary: [['/a', '']], seq: 1 });
    await tick();
    expect(sync.status.get().reason?.code).toBe('bad-frame');
  });
});
