import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import type { Connection } from './options.js';
import { createConnection, createEventConnection } from './connection.js';
import type { OpenFrame, ServerFrame } from '../protocol/frames.js';
import type { Status } from '../replicas/status.js';
import { createFakeTransport, type FakeTransport } from '../testing/fake-transport.js';
import type { Transport } from './transport.js';

let world: EventTarget;
const fire = (name: string): boolean => world.dispatchEvent(new Event(name));

beforeEach(() => {
  world = new EventTarget();
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  vi.stubGlobal('addEventListener', world.addEventListener.bind(world));
  vi.stubGlobal('removeEventListener', world.removeEventListener.bind(world));
  vi.stubGlobal('navigator', { onLine: true });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Runs the tasks queued for the end of the tick. */
const tick = () => vi.advanceTimersByTimeAsync(0);
const snapshot = (version: number, body: unknown, topic?: string): ServerFrame => ({
  ...(topic !== undefined && { topic }),
  id: 'a',
  version,
  body,
});

function setUp(...fakes: FakeTransport[]) {
  const [first = createFakeTransport()] = fakes;
  const transports = fakes.length ? fakes.map(({ transport }) => transport) : [first.transport];
  const sync = createConnection({ url: 'http://h/sync', transports, headers: { a: 'b' } });
  return { sync, ...first };
}

/** A connection with one topic, open and current. */
async function setUpOpen(...fakes: FakeTransport[]) {
  const rig = setUp(...fakes);
  const stop = rig.sync.replica().subscribe(() => {});
  await tick();
  rig.last().hello();
  rig.last().say(snapshot(1, 'one'));
  return { ...rig, stop };
}

function record(sync: Connection): Status[] {
  const seen: Status[] = [];
  sync.status.subscribe(() => seen.push(sync.status.get()));
  return seen;
}

it('keeps the options that it was created with', async () => {
  const { transport, last } = createFakeTransport();
  const options = { url: 'http://h/', transports: [transport], auth: () => 'first' };
  const sync = createConnection(options);
  options.auth = () => 'second';
  sync.replica().subscribe(() => {});
  await vi.waitFor(() => expect(last().attempt.open[0]).toMatchObject({ open: { token: 'first' } }));
});

it('shows applications no member that serves events', () => {
  expectTypeOf(createConnection).returns.toEqualTypeOf<Connection>();
});

describe('opening', () => {
  it('waits for the first subscription', async () => {
    const { sync, links } = setUp();
    sync.replica();
    sync.replica().status.subscribe(() => {});
    sync.onFrame(() => {});
    await tick();
    expect(links).toEqual([]);
    expect(sync.status.get()).toMatchObject({ state: 'idle', attempt: 0 });
  });

  it('subscribes to all topics of one tick in the first frames, with their positions', async () => {
    const { sync, links, last } = setUp();
    const b = sync.replica('b', { id: 'x', version: 4, body: 1 });
    for (const topic of ['a', 'b', 'a']) sync.replica(topic).subscribe(() => {});
    sync.replica().subscribe(() => {});
    await tick();
    expect(links).toHaveLength(1);
    expect(b.get()).toBe(1);
    expect(last().attempt).toEqual({
      url: 'http://h/sync',
      headers: { a: 'b' },
      open: [{ open: {} }, { subscribe: [{ topic: 'a' }, { topic: 'b', id: 'x', version: 4 }, {}] }],
    });
  });

  it.each(['topic', 'Übersicht', '注文'])(
    'sends few subscriptions of %s before hello, and the rest after it',
    async (name) => {
      const { sync, last } = setUp();
      const names = Array.from({ length: 1_000 }, (_, n) => `${name.repeat(5)} ${n}`);
      for (const each of names) sync.replica(each).subscribe(() => {});
      await tick();
      expect(Buffer.byteLength(JSON.stringify(last().attempt))).toBeLessThan(12 * 1024);
      last().hello();
      const asked = last().sent.flatMap((frame) => ('subscribe' in frame ? frame.subscribe : []));
      expect(asked.map(({ topic }) => topic)).toEqual(names);
    },
  );

  it('sends subscriptions, and their ends, in frames that every server takes', async () => {
    const { sync, last } = setUp();
    const names = Array.from({ length: 1_000 }, (_, n) => `a topic with a long name, number ${n}`);
    const leaves = names.map((each) => sync.replica(each).subscribe(() => {}));
    await tick();
    last().hello();
    for (const leave of leaves.slice(1)) leave();
    await vi.advanceTimersByTimeAsync(1_000);
    const { sent } = last();
    expect(Math.max(...sent.map((frame) => JSON.stringify(frame).length))).toBeLessThan(12 * 1024);
    expect(sent.flatMap((frame) => ('unsubscribe' in frame ? frame.unsubscribe : []))).toEqual(
      names.slice(1),
    );
  });

  it('does not happen if no subscriber is left when the linger ends', async () => {
    const { sync, links } = setUp();
    sync.replica().subscribe(() => {})();
    vi.advanceTimersByTime(1_000);
    await tick();
    expect(links.filter(({ closed }) => !closed)).toEqual([]);
  });

  it('shows the status from connecting to open, with the protocol of the server', async () => {
    const { sync, last } = setUp();
    const seen = record(sync);
    sync.replica().subscribe(() => {});
    await tick();
    last().hello();
    last().say(snapshot(1, 'one'));
    expect(seen).toEqual([
      { state: 'connecting', stale: true, transport: 'fake', attempt: 1 },
      { state: 'open', stale: true, transport: 'fake', attempt: 0, protocol: 3 },
      { state: 'open', stale: false, transport: 'fake', attempt: 0, protocol: 3 },
    ]);
    expect(sync.replica().get()).toBe('one');
  });
});

describe('subscribing on an open link', () => {
  it('sends one frame for all subscriptions of one tick', async () => {
    const { sync, last, links } = await setUpOpen();
    for (let i = 0; i < 100; i++) sync.replica(`t${i % 3}`).subscribe(() => {});
    await tick();
    expect(last().sent.slice(2)).toEqual([
      { subscribe: [{ topic: 't0' }, { topic: 't1' }, { topic: 't2' }] },
    ]);
    expect(links).toHaveLength(1);
  });

  it('does not look at 1,000 topics 1,000 times', async () => {
    const { sync } = await setUpOpen();
    const later = vi.spyOn(globalThis, 'queueMicrotask');
    for (let i = 0; i < 1_000; i++) sync.replica(`t${i}`).subscribe(() => {});
    await tick();
    expect(later).toHaveBeenCalledOnce();
  });

  it('waits for the hello if it has not arrived yet', async () => {
    const { sync, last } = setUp();
    sync.replica('a').subscribe(() => {});
    await tick();
    sync.replica('b').subscribe(() => {});
    await tick();
    expect(last().sent).toHaveLength(2);
    last().hello();
    expect(last().sent.slice(2)).toEqual([{ subscribe: [{ topic: 'b' }] }]);
  });

  it('unsubscribes 1 s after the last one left, and comes back from its position', async () => {
    const { sync, last } = await setUpOpen();
    const stop = sync.replica('b').subscribe(() => {});
    await tick();
    last().say(snapshot(5, 'b5', 'b'));
    stop();
    await vi.advanceTimersByTimeAsync(1_000);
    sync.replica('b').subscribe(() => {});
    await tick();
    expect(last().sent.slice(3)).toEqual([
      { unsubscribe: ['b'] },
      { subscribe: [{ topic: 'b', id: 'a', version: 5 }] },
    ]);
    expect(sync.replica('b').get()).toBe('b5');
  });

  it('sends nothing if a subscriber returns within 1 s', async () => {
    const { sync, last, links, stop } = await setUpOpen();
    stop();
    await vi.advanceTimersByTimeAsync(999);
    sync.replica().subscribe(() => {});
    await vi.advanceTimersByTimeAsync(5_000);
    expect(last().sent).toHaveLength(2);
    expect(links).toHaveLength(1);
    expect(last().closed).toBe(false);
  });

  it('asks again after a gap', async () => {
    const { last } = await setUpOpen();
    last().say({ version: 9, delta: true, body: [] }, { version: 10, delta: true, body: [] });
    await tick();
    expect(last().sent.slice(2)).toEqual([{ subscribe: [{ id: 'a', version: 1 }] }]);
  });

  it('closes the link when no topic is wanted any more, and opens a new one for the next topic', async () => {
    const { sync, last, links, stop } = await setUpOpen();
    stop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(last().closed).toBe(true);
    expect(sync.status.get()).toMatchObject({ state: 'idle', stale: false, attempt: 0 });
    expect(vi.getTimerCount()).toBe(0);
    sync.replica().subscribe(() => {});
    await tick();
    expect(links).toHaveLength(2);
    expect(last().sent[1]).toEqual({ subscribe: [{ id: 'a', version: 1 }] });
  });
});

describe('losing the link', () => {
  it('comes back with back-off, and with the positions', async () => {
    const { sync, last, links } = await setUpOpen();
    last().say({ version: 2, delta: true, body: [{ op: 'replace', path: '', value: 'two' }] });
    await vi.advanceTimersByTimeAsync(5_000);
    last().lose({ code: 'lost', message: 'why' });
    expect(sync.status.get()).toEqual({
      state: 'waiting',
      stale: true,
      transport: 'fake',
      attempt: 0,
      reason: { code: 'lost', message: 'why' },
      retryAt: Date.now() + 50,
      protocol: 3,
    });
    expect(sync.replica().get()).toBe('two');
    await vi.advanceTimersByTimeAsync(49);
    expect(links).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(links).toHaveLength(2);
    expect(last().sent[1]).toEqual({ subscribe: [{ id: 'a', version: 2 }] });
    expect(sync.status.get()).toMatchObject({ state: 'connecting', attempt: 1, reason: { code: 'lost' } });
    last().hello();
    expect(sync.status.get()).toMatchObject({ state: 'open', attempt: 0, reason: undefined, stale: true });
    last().say({ id: 'a', version: 2 });
    expect(sync.status.get().stale).toBe(false);
  });

  it('waits longer each time, until a link has served for 5 s', async () => {
    const { sync, last } = await setUpOpen();
    const waits: number[] = [];
    const lose = async (greeted: boolean) => {
      if (greeted) last().hello();
      last().lose();
      const wait = (sync.status.get().retryAt as number) - Date.now();
      waits.push(wait);
      await vi.advanceTimersByTimeAsync(wait);
    };
    await lose(false);
    await lose(false);
    await lose(true); // a hello alone proves nothing
    await lose(true);
    expect(sync.status.get().attempt).toBe(5);
    last().hello();
    last().say({ id: 'a', version: 1 });
    await vi.advanceTimersByTimeAsync(4_999);
    await lose(false); // nor does a state frame, while the link has not served for 5 s
    expect(sync.status.get().attempt).toBe(6);
    last().hello();
    await vi.advanceTimersByTimeAsync(5_000);
    await lose(false);
    expect(waits).toEqual([100, 200, 400, 500, 500, 50]);
  });

  it('forgets its attempts when the last subscriber leaves', async () => {
    const { sync, last, links, stop } = await setUpOpen();
    last().lose();
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links.length).toBeLessThan(5);
    expect(sync.status.get()).toEqual({ state: 'idle', stale: false, attempt: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('treats a malformed frame as a loss', async () => {
    const { sync, last } = await setUpOpen();
    last().lose({ code: 'bad-frame', message: 'x' });
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'bad-frame' } });
  });
});

describe('a silent link', () => {
  it('is dead after the heartbeat that the hello says, and 5 s', async () => {
    const { sync, last } = setUp();
    sync.replica().subscribe(() => {});
    await tick();
    last().hello({ heartbeat: 1_000 });
    await vi.advanceTimersByTimeAsync(5_999);
    expect(sync.status.get().state).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'silent' } });
    expect(last().closed).toBe(true);
  });

  it('counts every byte as life, and pings', async () => {
    const { sync, last } = await setUpOpen();
    await vi.advanceTimersByTimeAsync(19_000);
    last().bytes();
    await vi.advanceTimersByTimeAsync(19_000);
    last().say({ ping: true });
    await vi.advanceTimersByTimeAsync(19_999);
    expect(sync.status.get().state).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    expect(sync.status.get().state).toBe('waiting');
  });

  it('gets more time for an announced message, at 16 KiB/s', async () => {
    const { sync, last } = await setUpOpen();
    last().say({ ping: true, next: 1_600_000 });
    await vi.advanceTimersByTimeAsync(119_999);
    expect(sync.status.get().state).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    expect(sync.status.get().state).toBe('waiting');
  });

  it('is probed before it is given up if the client has slept', async () => {
    const { sync, last, links } = await setUpOpen();
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(last().sent.at(-1)).toEqual({ ping: true });
    last().say({ ping: true });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(links).toHaveLength(1);
    expect(sync.status.get().state).toBe('open');
  });
});

describe('choosing a transport', () => {
  const three = () => ['ws', 'sse', 'poll'].map((name) => createFakeTransport({ name }));
  const start = async (fakes: FakeTransport[]) => {
    const rig = setUp(...fakes);
    rig.sync.replica().subscribe(() => {});
    await tick();
    return rig;
  };
  const attempts = (fakes: FakeTransport[]) => fakes.map(({ links }) => links.length);

  it('tries the next one immediately if a link closes before its hello', async () => {
    const fakes = three();
    const { sync, last } = await start(fakes);
    last().lose();
    expect(attempts(fakes)).toEqual([1, 1, 0]);
    expect(sync.status.get()).toMatchObject({ state: 'connecting', transport: 'sse', attempt: 1 });
  });

  it('tries the next one if no hello comes within 4 s', async () => {
    const fakes = three();
    const { last } = await start(fakes);
    await vi.advanceTimersByTimeAsync(3_999);
    last().bytes();
    expect(attempts(fakes)).toEqual([1, 0, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect(attempts(fakes)).toEqual([1, 1, 0]);
    expect(last().closed).toBe(true);
  });

  it('reports a timeout if there is no other transport', async () => {
    const { sync } = await start([createFakeTransport()]);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'timeout' } });
  });

  it('treats a server that sends state before its hello as one of version 2', async () => {
    const { sync, last } = await start([createFakeTransport()]);
    last().say(snapshot(1, 'early'));
    expect(last().closed).toBe(true);
    expect(sync.status.get()).toMatchObject({ reason: { code: 'unsupported-version' } });
    expect(sync.replica().get()).toBeUndefined();
  });

  it('waits when all transports have failed, and begins with the first again', async () => {
    const fakes = three();
    const { sync } = await start(fakes);
    fakes.forEach(({ last }) => last().lose({ code: 'lost', message: 'no' }));
    expect(attempts(fakes)).toEqual([1, 1, 1]);
    expect(sync.status.get()).toMatchObject({ state: 'waiting', attempt: 1, reason: { message: 'no' } });
    await vi.advanceTimersByTimeAsync(100);
    expect(attempts(fakes)).toEqual([2, 1, 1]);
  });

  it('keeps the transport that worked, and tries no other one for 3 s after a loss', async () => {
    const fakes = three();
    await start(fakes);
    fakes[0]?.last().lose();
    fakes[1]?.last().hello();
    fakes[1]?.last().lose();
    await vi.advanceTimersByTimeAsync(100);
    expect(attempts(fakes)).toEqual([1, 2, 0]);
    fakes[1]?.last().lose();
    await vi.advanceTimersByTimeAsync(2_900);
    expect(attempts(fakes)).toEqual([1, 3, 0]);
    fakes[1]?.last().lose();
    expect(attempts(fakes)).toEqual([1, 3, 1]);
  });

  it('tries no other transport, and waits as long as told, when a refusal has `retry`', async () => {
    const fakes = three();
    const { sync, last } = await start(fakes);
    last().lose({ code: 'lost', message: 'closed (1006)' });
    fakes[1]?.last().lose({ code: 'refused', message: '503', retry: 7_000 });
    expect(sync.status.get()).toMatchObject({
      state: 'waiting',
      reason: { message: '503' },
      retryAt: Date.now() + 7_000,
    });
    await vi.advanceTimersByTimeAsync(6_999);
    expect(attempts(fakes)).toEqual([1, 1, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect(attempts(fakes).reduce((sum, each) => sum + each)).toBe(3);
  });

  it('ends when the server forbids a reconnect, even if transports are left', async () => {
    const fakes = three();
    const { sync, last } = await start(fakes);
    last().lose({ code: 'unauthorized', message: '401', retry: false });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(attempts(fakes)).toEqual([1, 0, 0]);
    expect(sync.status.get()).toMatchObject({ state: 'closed', reason: { code: 'unauthorized' } });
  });
});

describe('a session', () => {
  const event = (seq: number): ServerFrame => ({ event: 'n', data: seq, seq });
  /** The session and the number with which the newest attempt begins. */
  const resumed = ({ last }: FakeTransport): unknown => {
    const { session, ack } = (last().attempt.open[0] as OpenFrame).open;
    return { session, ack };
  };
  /** The link is lost, and the next attempt made. */
  const relink = async ({ last }: FakeTransport): Promise<void> => {
    last().lose();
    await vi.advanceTimersByTimeAsync(3_000);
  };

  it('is resumed after the newest event or reply', async () => {
    const fake = createFakeTransport();
    await setUpOpen(fake);
    fake.last().say(event(1), { reply: 7, data: null, seq: 2 });
    await relink(fake);
    expect(resumed(fake)).toEqual({ session: 's1', ack: 2 });
  });

  it('is the one that the first hello of a link names', async () => {
    const fake = createFakeTransport();
    const { sync } = await setUpOpen(fake);
    fake.last().hello({ session: 's2', protocol: 4 });
    await relink(fake);
    expect(resumed(fake)).toMatchObject({ session: 's1' });
    expect(sync.status.get().protocol).toBe(3);
  });

  it('goes on under another id after it has moved, and another session begins at its first event', async () => {
    const fake = createFakeTransport();
    await setUpOpen(fake);
    fake.last().say(event(1), event(2));
    await relink(fake);
    fake.last().hello({ session: 's2', was: 's1' });
    await relink(fake);
    expect(resumed(fake)).toEqual({ session: 's2', ack: 2 });
    fake.last().hello({ session: 's3' });
    await relink(fake);
    expect(resumed(fake)).toEqual({ session: 's3', ack: undefined });
  });
});

describe('a goodbye', () => {
  const bye = (retry?: number | false): ServerFrame => ({
    bye: { code: 'going-away', reason: 'restart', ...(retry !== undefined && { retry }) },
  });

  it('is a loss with a reason if it names no time', async () => {
    const { sync, last, links } = await setUpOpen();
    last().say(bye());
    expect(last().closed).toBe(true);
    expect(sync.status.get()).toMatchObject({
      state: 'waiting',
      reason: { code: 'going-away', message: 'restart' },
      retryAt: Date.now() + 100,
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(links).toHaveLength(2);
  });

  it('delays the next attempt by the time that it names', async () => {
    const { sync, last, links } = await setUpOpen();
    last().say(bye(7_000));
    expect(sync.status.get().retryAt).toBe(Date.now() + 7_000);
    await vi.advanceTimersByTimeAsync(6_999);
    expect(links).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(links).toHaveLength(2);
  });

  it('causes at most ten attempts a second if its time is 0', async () => {
    const { last, links } = await setUpOpen();
    for (let ms = 0; ms < 1_000; ms++) {
      if (!last().closed) last().say(bye(0));
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(links).toHaveLength(11);
  });

  it('causes no immediate attempt if its time is longer than any timer', async () => {
    const { last, links } = await setUpOpen();
    last().say(bye(1e12));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links).toHaveLength(1);
  });

  it('closes the connection if it forbids a return, until all subscribers have left and a new one comes', async () => {
    const { sync, last, links, stop } = await setUpOpen();
    last().say(bye(false));
    sync.replica('b').subscribe(() => {})();
    fire('online');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links).toHaveLength(1);
    expect(sync.status.get()).toMatchObject({ state: 'closed', reason: { code: 'going-away' } });
    stop();
    await vi.advanceTimersByTimeAsync(1_000);
    sync.replica().subscribe(() => {});
    await tick();
    expect(links).toHaveLength(2);
  });

  it('before the hello causes no change of the transport', async () => {
    const fakes = [createFakeTransport({ name: 'ws' }), createFakeTransport({ name: 'sse' })];
    const { sync, last } = setUp(...fakes);
    sync.replica().subscribe(() => {});
    await tick();
    last().say(bye(1_000));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fakes.map(({ links }) => links.length)).toEqual([2, 0]);
  });
});

describe('the network', () => {
  const setOnline = (onLine: boolean) => {
    vi.stubGlobal('navigator', { onLine });
    fire(onLine ? 'online' : 'offline');
  };

  it('is retried every 20 s while it is gone, and immediately when it returns', async () => {
    const { sync, last, links } = await setUpOpen();
    last().lose();
    setOnline(false);
    expect(sync.status.get()).toMatchObject({
      state: 'offline',
      reason: { code: 'lost' },
      retryAt: Date.now() + 20_000,
    });
    await vi.advanceTimersByTimeAsync(19_999);
    expect(links).toHaveLength(1);
    setOnline(true);
    expect(links).toHaveLength(2);
  });

  it('is retried in the same way if it was gone before the loss', async () => {
    const { sync, last, links } = await setUpOpen();
    setOnline(false);
    expect(sync.status.get().state).toBe('open'); // the link may live all the same
    last().lose();
    expect(sync.status.get().state).toBe('offline');
    await vi.advanceTimersByTimeAsync(19_999);
    expect(links).toHaveLength(1);
    setOnline(true);
    expect(links).toHaveLength(2);
  });

  it('is found within 20 s, or when the page is shown, if the browser wrongly reports it gone', async () => {
    setOnline(false);
    const { transport, last, links } = createFakeTransport();
    const sync = createConnection({ url: 'http://h/', transports: [transport], retry: { maxAttempts: 2 } });
    sync.replica().subscribe(() => {});
    await tick();
    for (let count = 1; count < 8; count++) {
      last().lose();
      expect(sync.status.get()).toMatchObject({ state: 'offline', reason: { code: 'lost' } });
      await vi.advanceTimersByTimeAsync(20_000);
      expect(links).toHaveLength(count + 1);
    }
    last().lose();
    fire('visibilitychange');
    expect(links).toHaveLength(9);
    last().hello();
    expect(sync.status.get()).toMatchObject({ state: 'open', reason: undefined });
  });

  it('is retried immediately when the page is shown', async () => {
    const { last, links } = await setUpOpen();
    last().lose();
    fire('visibilitychange');
    expect(links).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(links).toHaveLength(2);
  });

  it('makes the client probe the link when it changes, and give the link up after 5 s', async () => {
    const { sync, last } = await setUpOpen();
    fire('online');
    expect(last().sent.at(-1)).toEqual({ ping: true });
    await vi.advanceTimersByTimeAsync(4_999);
    expect(sync.status.get().state).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'silent' } });
  });

  it('is watched from the first attempt on: a page that goes away ends it', async () => {
    const { sync, last } = setUp();
    sync.replica().subscribe(() => {});
    await tick();
    fire('pagehide');
    expect(sync.status.get().state).toBe('waiting');
    expect(last().closed).toBe(true);
  });

  it('is watched only while something is wanted', async () => {
    const added = vi.spyOn(globalThis, 'addEventListener');
    const removed = vi.spyOn(globalThis, 'removeEventListener');
    const { stop } = await setUpOpen();
    expect(added).toHaveBeenCalled();
    expect(removed).not.toHaveBeenCalled();
    stop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });
});

describe('status', () => {
  it('is stale while any wanted topic is', async () => {
    const { sync, last } = await setUpOpen();
    expect(sync.status.get().stale).toBe(false);
    const stop = sync.replica('b').subscribe(() => {});
    await tick();
    expect(sync.status.get().stale).toBe(true);
    expect(sync.replica().status.get().stale).toBe(false);
    last().say(snapshot(1, 'b', 'b'));
    expect(sync.status.get().stale).toBe(false);
    last().say({ stale: 'no database', topic: 'b' });
    expect(sync.status.get().stale).toBe(true);
    expect(sync.replica('b').status.get().reason).toEqual({ code: 'stale', message: 'no database' });
    expect(sync.replica().status.get()).toMatchObject({ stale: false, reason: undefined });
    stop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sync.status.get().stale).toBe(false);
  });

  it('keeps other topics current while the default topic is stale', async () => {
    const { sync, last } = await setUpOpen();
    sync.replica('b').subscribe(() => {});
    await tick();
    last().say(snapshot(1, 'b', 'b'), { stale: 'gone' });
    expect([sync.replica(), sync.replica('b')].map(({ status }) => status.get().reason?.message)).toEqual([
      'gone',
      undefined,
    ]);
    expect(sync.status.get().stale).toBe(true);
    last().say({ id: 'a', version: 1 });
    expect(sync.replica().status.get().stale).toBe(false);
    expect(sync.status.get().stale).toBe(false);
  });

  it('reports why a topic is denied, and keeps its last value', async () => {
    const { sync, last } = await setUpOpen();
    last().say({ denied: '', code: 'forbidden' });
    expect(sync.replica().status.get()).toMatchObject({
      state: 'open',
      stale: true,
      reason: { code: 'forbidden', message: 'the topic "" is denied. Check canSubscribe on the server.' },
    });
    expect(sync.replica().get()).toBe('one');
    const b = sync.replica('b');
    b.subscribe(() => {});
    await tick();
    last().say({ denied: 'b', code: 'not-found' });
    expect(b.status.get().reason).toEqual({
      code: 'not-found',
      message: 'there is no topic "b". Check its name, or add it on the server.',
      denied: 'b',
    });
    last().say({ denied: '', code: 'not-found' });
    expect(sync.replica().status.get().reason?.message).toBe(
      "the endpoint has no default topic. Name a topic, or add one on the server by hub.state('', …).",
    );
    last().say({ denied: 'unknown', code: 'forbidden' }, snapshot(2, 'two'));
    expect(sync.replica().status.get()).toMatchObject({ stale: false, reason: undefined });
  });

  it('does not notify listeners of frames that do not change it', async () => {
    const { sync, last } = await setUpOpen();
    const seen = record(sync);
    const topic = vi.fn();
    sync.replica().status.subscribe(topic);
    last().say({ ping: true }, snapshot(2, 'two'), { id: 'a', version: 2 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(seen).toEqual([]);
    expect(topic).not.toHaveBeenCalled();
  });
});

describe('frames', () => {
  it('reach listeners unchanged, and a throwing listener does not affect others', async () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    const { sync, last } = await setUpOpen();
    const listener = vi.fn();
    sync.onFrame(() => {
      throw new Error('mine');
    });
    const stop = sync.onFrame(listener);
    last().say(snapshot(2, 'two'));
    expect(listener).toHaveBeenCalledExactlyOnceWith(snapshot(2, 'two'), JSON.stringify(snapshot(2, 'two')));
    expect(reported).toHaveBeenCalledWith(new Error('mine'));
    expect(sync.replica().get()).toBe('two');
    stop();
    last().say(snapshot(3, 'three'));
    expect(listener).toHaveBeenCalledOnce();
  });

  it('are ignored if their kind or topic is unknown', async () => {
    const { sync, last } = await setUpOpen();
    last().say({ event: 'x', data: 1, seq: 1 }, { ack: 1 }, snapshot(9, 'x', 'unknown'));
    expect(sync.replica().status.get()).toMatchObject({ stale: false, reason: undefined });
    last().say(snapshot(2, 'two'));
    expect(sync.replica().get()).toBe('two');
    expect(sync.status.get()).toMatchObject({ state: 'open', stale: false });
    expect(sync.replica('unknown').get()).toBeUndefined();
  });
});

describe('a connection for events', () => {
  const setUpConnection = async (options?: { auth: () => Promise<string> }) => {
    const fake = createFakeTransport();
    const connection = createEventConnection({ url: 'http://h/', transports: [fake.transport], ...options });
    connection.replica().subscribe(() => {});
    await tick();
    return { connection, ...fake };
  };

  it('returns the newest hello, also after its link is gone', async () => {
    const { connection, last } = await setUpConnection();
    expect(connection.hello()).toBeUndefined();
    last().hello({ session: 's1' });
    last().lose();
    expect(connection.hello()).toMatchObject({ session: 's1' });
  });

  it('sends nothing before the hello, and nothing after the link is gone', async () => {
    const { connection, last } = await setUpConnection();
    const { length } = last().sent;
    connection.send('{"ack":1}');
    last().hello();
    connection.send('{"ack":2}');
    last().lose();
    connection.send('{"ack":3}');
    expect(last().sent.slice(length)).toEqual([{ ack: 2 }]);
  });

  it('opens nothing with a token that comes after the end of the attempt', async () => {
    let answer: (token: string) => void = () => undefined;
    const { connection, links } = await setUpConnection({
      auth: () => new Promise((resolve) => (answer = resolve)),
    });
    connection.close();
    answer('late');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links).toEqual([]);
  });
});

describe('closing', () => {
  it('is final, and values stay', async () => {
    const { sync, last, links } = await setUpOpen();
    sync.close();
    expect(last().closed).toBe(true);
    expect(sync.status.get()).toMatchObject({ state: 'closed', attempt: 0 });
    expect(sync.replica().get()).toBe('one');
    expect(sync.replica().status.get()).toMatchObject({ state: 'closed', stale: true });
    sync.replica('b').subscribe(() => {});
    fire('online');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links).toHaveLength(1);
    expect(sync.status.get().state).toBe('closed');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is done once by an application that calls it again in `onClose`', async () => {
    const onClose = vi.fn(() => sync.close());
    const { transport, last } = createFakeTransport();
    const sync = createConnection({ url: 'http://h/', transports: [transport], onClose });
    sync.replica().subscribe(() => {});
    await tick();
    sync.close();
    expect([onClose.mock.calls.length, last().closed, sync.status.get().state]).toEqual([1, true, 'closed']);
  });

  it('is done, and the error reported, if `onClose` throws', async () => {
    const error = new Error('of the application');
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    const onClose = (): never => {
      throw error;
    };
    const { transport, last } = createFakeTransport();
    const sync = createConnection({ url: 'http://h/', transports: [transport], onClose });
    sync.replica().subscribe(() => {});
    await tick();
    sync.close();
    expect([last().closed, sync.status.get().state]).toEqual([true, 'closed']);
    expect(reported).toHaveBeenCalledWith(error);
  });

  it('is reported once, and nothing opens the connection again', async () => {
    const { transport, links } = createFakeTransport();
    const onClose = vi.fn();
    const sync = createConnection({ url: 'http://h/', transports: [transport], onClose });
    sync.replica().subscribe(() => {});
    await tick();
    sync.close();
    expect(onClose).toHaveBeenCalledTimes(1);
    sync.close();
    sync.reconnect();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onClose).toHaveBeenCalledTimes(1);
    expect(links).toHaveLength(1);
    expect(sync.status.get().state).toBe('closed');
  });

  it('stops the wait for the next attempt, and an attempt under way', async () => {
    const one = await setUpOpen();
    one.last().lose();
    one.sync.close();
    const two = setUp();
    two.sync.replica().subscribe(() => {});
    await tick();
    two.sync.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([one.links.length, two.links.length]).toEqual([1, 1]);
    expect(two.last().closed).toBe(true);
  });

  it('works from within a listener', async () => {
    const { sync, last } = setUp();
    sync.status.subscribe(() => sync.close());
    sync.replica().subscribe(() => {});
    await tick();
    expect(last().closed).toBe(true);
    expect(sync.status.get().state).toBe('closed');
  });

  it('may be made by a listener that the hello calls, and no silence is noticed after it', async () => {
    const { sync, last, links } = setUp();
    sync.status.subscribe(() => sync.status.get().state === 'open' && sync.close());
    sync.replica().subscribe(() => {});
    await tick();
    last().hello({ heartbeat: 1_000 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links).toHaveLength(1);
    expect(sync.status.get()).toMatchObject({ state: 'closed', stale: true });
  });

  it('stays when the last subscriber leaves', async () => {
    const { sync, stop } = await setUpOpen();
    sync.close();
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sync.status.get().state).toBe('closed');
  });

  it('may be made by a listener that a frame calls', async () => {
    const { sync, last } = setUp();
    sync.onFrame(() => sync.close());
    sync.replica().subscribe(() => {});
    await tick();
    last().hello();
    expect(last().closed).toBe(true);
    expect(sync.status.get().state).toBe('closed');
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a connection without transports is never opened', async () => {
  const sync = createConnection({ url: 'http://h/', transports: [] });
  sync.replica('a', { id: 'x', version: 1, body: 'seed' }).subscribe(() => {});
  await tick();
  expect(sync.replica('a').get()).toBe('seed');
  expect(sync.status.get()).toMatchObject({ state: 'idle', attempt: 0 });
});

it('the same topic has the same replica', () => {
  const { sync } = setUp();
  expect(sync.replica()).toBe(sync.replica(''));
  expect(sync.replica('a')).toBe(sync.replica('a'));
  expect(sync.replica('a')).not.toBe(sync.replica());
});

it('a transport is called only as its contract allows', async () => {
  const calls: unknown[][] = [];
  const transport: Transport = Object.defineProperty(
    (...args: Parameters<Transport>) => (calls.push(args), { send() {}, close() {} }),
    'name',
    { value: 'x' },
  );
  createConnection({ url: 'http://h/', transports: [transport] })
    .replica()
    .subscribe(() => {});
  await tick();
  expect(calls.map((args) => args.length)).toEqual([2]);
});
