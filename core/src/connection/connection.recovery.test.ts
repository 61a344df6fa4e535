import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConnectionOptions } from './options.js';
import { createConnection, createEventConnection } from './connection.js';
import type { OpenFrame } from '../protocol/frames.js';
import { createFakeTransport, type FakeLink, type FakeTransport } from '../testing/fake-transport.js';

let world: EventTarget;
let network: EventTarget;
const page = { hidden: false };
const fire = (name: string): boolean => world.dispatchEvent(new Event(name));

beforeEach(() => {
  world = new EventTarget();
  network = new EventTarget();
  page.hidden = false;
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  vi.stubGlobal('addEventListener', world.addEventListener.bind(world));
  vi.stubGlobal('removeEventListener', world.removeEventListener.bind(world));
  vi.stubGlobal('navigator', { onLine: true, connection: network });
  vi.stubGlobal('document', page);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const tick = () => vi.advanceTimersByTimeAsync(0);
const openOf = (link: FakeLink): OpenFrame['open'] => (link.sent[0] as OpenFrame).open;

/** A connection with one topic that is wanted. */
async function setUp(
  options: Partial<ConnectionOptions> = {},
  fakes: FakeTransport[] = [createFakeTransport()],
) {
  const transports = fakes.map(({ transport }) => transport);
  const sync = createConnection({ url: 'http://h/sync', transports, ...options });
  sync.replica().subscribe(() => {});
  await tick();
  return { sync, fakes, ...(fakes[0] as FakeTransport) };
}

/** The same, and it is open and current. */
async function setUpOpen(options?: Partial<ConnectionOptions>, fakes?: FakeTransport[]) {
  const rig = await setUp(options, fakes);
  rig.last().hello();
  rig.last().say({ id: 'a', version: 1, body: 'one' });
  return rig;
}

describe('a session', () => {
  it('is named on the next link, with the number of its newest event', async () => {
    const { last } = await setUpOpen();
    expect(openOf(last())).toEqual({});
    last().say({ event: 'a', data: 1, seq: 4 }, { event: 'a', data: 2, seq: 5 });
    last().lose();
    await vi.advanceTimersByTimeAsync(100);
    expect(openOf(last())).toEqual({ session: 's1', ack: 5 });
  });

  it('counts its events from the beginning if it is new', async () => {
    const { sync, last } = await setUpOpen();
    const heard: unknown[] = [];
    sync.onFrame((frame) => 'event' in frame && heard.push(frame.data));
    last().say({ event: 'a', data: 'old', seq: 9 });
    last().lose();
    await vi.advanceTimersByTimeAsync(100);
    last().hello({ session: 's2' });
    last().say({ event: 'a', data: 'new', seq: 1 });
    last().lose();
    await vi.advanceTimersByTimeAsync(500);
    expect(heard).toEqual(['old', 'new']);
    expect(openOf(last())).toEqual({ session: 's2', ack: 1 });
  });

  it('delivers each event once', async () => {
    const { sync, last } = await setUpOpen();
    const heard: unknown[] = [];
    sync.onFrame((frame) => 'event' in frame && heard.push(frame.seq));
    for (const seq of [1, 2, 2, 1, 3]) last().say({ event: 'a', data: 0, seq });
    expect(heard).toEqual([1, 2, 3]);
  });

  it('acknowledges when the server asks, even if it has received no event', async () => {
    const { last } = await setUpOpen();
    const acks = () => last().sent.filter((frame) => 'ack' in frame);
    last().say({ ping: true });
    expect(acks()).toEqual([]);
    last().say({ ping: true, ack: true });
    last().say({ event: 'a', data: 1, seq: 4 }, { event: 'a', data: 2 }, { ping: true, ack: true });
    expect(acks()).toEqual([{ ack: 0 }, { ack: 5 }]);
  });

  it('derives event numbers again on each link', async () => {
    const { last } = await setUpOpen();
    last().say({ event: 'a', data: 1, seq: 4 }, { event: 'a', data: 2 });
    last().lose();
    await vi.advanceTimersByTimeAsync(100);
    last().hello();
    last().say({ event: 'a', data: 2, seq: 5 }, { event: 'a', data: 3 }, { ping: true, ack: true });
    expect(last().sent).toContainEqual({ ack: 6 });
  });
});

describe('a token', () => {
  it('is asked for at each attempt, and travels in the open frame and as a header', async () => {
    let count = 0;
    const { last } = await setUpOpen({ auth: () => `token ${++count}`, headers: { a: 'b' } });
    expect(openOf(last())).toEqual({ token: 'token 1' });
    expect(last().attempt.headers).toEqual({ a: 'b', authorization: 'Bearer token 1' });
    expect(last().attempt.url).toBe('http://h/sync');
    last().lose();
    await vi.advanceTimersByTimeAsync(100);
    expect(openOf(last())).toEqual({ token: 'token 2', session: 's1' });
  });

  it('may take long: the client opens no link before it answers, and none after the last user left', async () => {
    let give!: (token: string) => void;
    const { sync, links } = await setUp({ auth: () => new Promise<string>((resolve) => (give = resolve)) });
    await vi.advanceTimersByTimeAsync(9_000);
    expect(links).toHaveLength(0);
    expect(sync.status.get()).toMatchObject({ state: 'connecting', attempt: 1 });
    sync.close();
    expect(vi.getTimerCount()).toBe(0);
    give('late');
    await tick();
    expect(links).toHaveLength(0);
  });

  it.each(['auth', 'headers'] as const)(
    'is asked for again, over the same transport, if `%s` gives no answer in 10 s',
    async (option) => {
      const fakes = [createFakeTransport({ name: 'first' }), createFakeTransport()];
      const source = vi
        .fn()
        .mockReturnValueOnce(new Promise(() => {}))
        .mockReturnValue('');
      const { sync, links } = await setUp({ [option]: source as () => Promise<string> }, fakes);
      await vi.advanceTimersByTimeAsync(9_999);
      expect(sync.status.get()).toMatchObject({ state: 'connecting', attempt: 1 });
      await vi.advanceTimersByTimeAsync(1);
      expect(sync.status.get()).toMatchObject({
        state: 'waiting',
        transport: 'first',
        reason: { code: 'auth', message: 'no answer' },
      });
      await vi.advanceTimersByTimeAsync(100);
      expect(source).toHaveBeenCalledTimes(2);
      expect(links).toHaveLength(1);
    },
  );

  it('is asked for again when the network comes back, because the first question may hang', async () => {
    const answers: ((token: string) => void)[] = [];
    const auth = vi.fn(() => new Promise<string>((answer) => answers.push(answer)));
    const { last, links } = await setUp({ auth });
    for (const name of ['pageshow', 'visibilitychange', 'offline']) fire(name);
    await tick();
    expect(auth).toHaveBeenCalledOnce();
    fire('online');
    await tick();
    expect(auth).toHaveBeenCalledTimes(2);
    answers[0]!('late');
    await tick();
    expect(links).toHaveLength(0);
    answers[1]!('t');
    await tick();
    expect(openOf(last())).toEqual({ token: 't' });
    fire('online');
    await tick();
    expect(auth).toHaveBeenCalledTimes(2); // the link is being opened
  });

  it('is asked for again after `auth` has rejected, which is a loss with a reason', async () => {
    const auth = vi.fn().mockRejectedValueOnce(new Error('no login')).mockResolvedValue('t');
    const { sync, links } = await setUp({ auth: auth as () => Promise<string> });
    expect(sync.status.get()).toMatchObject({
      state: 'waiting',
      reason: { code: 'auth', message: 'Error: no login' },
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(links).toHaveLength(1);
  });

  it.each(['as a goodbye', 'as a refusal'])(
    'is fetched once more if it is refused %s, and the session goes on',
    async (how) => {
      let count = 0;
      const auth = vi.fn(() => `token ${++count}`);
      const { sync, last, links } = await setUpOpen({ auth });
      const refuse = (): void => {
        if (how === 'as a goodbye') last().say({ bye: { code: 'unauthorized', reason: 'expired' } });
        else last().lose({ code: 'unauthorized', message: '401: expired' });
      };
      if (how === 'as a refusal') {
        last().lose();
        await vi.advanceTimersByTimeAsync(100);
      }
      const before = links.length;
      refuse();
      await tick();
      expect(links).toHaveLength(before + 1);
      expect(openOf(last())).toEqual({ token: `token ${before + 1}`, session: 's1' });
      expect(last().sent[1]).toEqual({ subscribe: [{ id: 'a', version: 1 }] });
      expect(sync.replica().get()).toBe('one');
      refuse();
      await vi.advanceTimersByTimeAsync(100_000);
      expect(links).toHaveLength(before + 1);
      expect(sync.status.get()).toMatchObject({ state: 'closed', reason: { code: 'unauthorized' } });
    },
  );

  it('is fetched again each time it is refused after it served for 5 s', async () => {
    const { last, links, sync } = await setUpOpen({ auth: () => 't' });
    for (let time = 1; time < 4; time++) {
      await vi.advanceTimersByTimeAsync(5_000);
      last().say({ bye: { code: 'unauthorized', reason: 'expired' } });
      await tick();
      expect(links).toHaveLength(time + 1);
      last().hello();
    }
    expect(sync.status.get().state).toBe('open');
    last().say({ bye: { code: 'unauthorized', reason: 'expired' } }); // within 5 s: it was never good
    expect(sync.status.get().state).toBe('closed');
  });

  it('can be renewed on the live link; requests that follow carry it', async () => {
    let count = 0;
    const { sync, last, links } = await setUpOpen({ auth: () => `token ${++count}` });
    await sync.renew();
    expect(last().sent.at(-1)).toEqual({ auth: 'token 2' });
    expect(last().attempt.headers.authorization).toBe('Bearer token 2');
    expect(links).toHaveLength(1);
  });

  it.each([' a', 'a ', 'a\nb', 'a\0', 'ä', '€'])('%j is an error over every transport', async (token) => {
    const { sync, links } = await setUp({ auth: () => token });
    expect(links).toHaveLength(0);
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'auth' } });
    expect(sync.status.get().reason?.message).toMatch(
      /no header can carry the token of `auth`\. Return printable ASCII/,
    );
    await expect(sync.renew()).rejects.toMatchObject({ code: 'bad-option' });
  });

  it('is not fetched without `auth`: a refusal is the end until reconnect() is called', async () => {
    const { sync, last, links } = await setUpOpen();
    last().say({ bye: { code: 'unauthorized', reason: 'who?' } });
    await vi.advanceTimersByTimeAsync(100_000);
    expect(sync.status.get()).toMatchObject({
      state: 'closed',
      reason: { code: 'unauthorized', message: 'who?' },
    });
    expect(links).toHaveLength(1);
    sync.reconnect();
    expect(links).toHaveLength(2);
    last().hello();
    expect(sync.status.get()).toMatchObject({ state: 'open', reason: undefined });
  });
});

describe('retrying', () => {
  it('manually waits for the trigger and ignores page events', async () => {
    const { sync, last, links } = await setUpOpen({ retry: 'manual' });
    last().lose();
    fire('online');
    fire('visibilitychange');
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(links).toHaveLength(1);
    expect(sync.status.get()).toMatchObject({
      state: 'waiting',
      retryAt: undefined,
      reason: { code: 'lost' },
    });
    sync.reconnect();
    expect(links).toHaveLength(2);
  });

  it('manually, waits for the application also without a network, and attempts nothing after a refusal', async () => {
    const { sync, last, links } = await setUpOpen({ retry: 'manual' });
    vi.stubGlobal('navigator', { onLine: false, connection: network });
    last().lose();
    expect(sync.status.get()).toMatchObject({ state: 'waiting', retryAt: undefined });
    fire('offline');
    vi.stubGlobal('navigator', { onLine: true, connection: network });
    fire('online');
    expect(sync.status.get()).toMatchObject({ state: 'waiting', retryAt: undefined });
    sync.reconnect();
    last().hello();
    last().say({ bye: { code: 'forbidden', reason: 'no' } });
    fire('visibilitychange');
    expect([links.length, sync.status.get().state]).toEqual([2, 'closed']);
  });

  it('does not attempt again when a phone changes its network after a refusal', async () => {
    const { last, links } = await setUpOpen();
    last().say({ bye: { code: 'forbidden', reason: 'no' } });
    network.dispatchEvent(new Event('change'));
    expect(links).toHaveLength(1);
    fire('visibilitychange');
    expect(links).toHaveLength(2);
  });

  it('goes on by itself when the back/forward cache restores a hidden page', async () => {
    const { sync, links } = await setUpOpen();
    fire('pagehide');
    page.hidden = true;
    fire('pageshow');
    expect(sync.status.get().retryAt).toBeGreaterThan(Date.now());
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links.length).toBeGreaterThan(1);
  });

  it('ends after the allowed number of attempts, until reconnect() is called', async () => {
    const { sync, last, links } = await setUpOpen({ retry: { maxAttempts: 3 } });
    for (let i = 0; i < 10; i++) {
      if (!last().closed) last().lose();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(links).toHaveLength(3);
    expect(sync.status.get()).toMatchObject({ state: 'closed', attempt: 3, reason: { code: 'lost' } });
    sync.reconnect();
    last().hello();
    last().say({ id: 'a', version: 1 });
    expect(sync.status.get()).toMatchObject({ state: 'open', stale: false });
  });

  it('waits as long as `retry.delay` returns for the number of failures and the ms since the loss', async () => {
    const delay = vi.fn(() => 1_234);
    const { sync, last } = await setUpOpen({ retry: { delay } });
    last().lose();
    expect(sync.status.get().retryAt).toBe(Date.now() + 1_234);
    await vi.advanceTimersByTimeAsync(1_234);
    last().lose();
    expect(delay.mock.calls).toEqual([
      [1, 0],
      [2, 1_234],
    ]);
  });

  it.each([NaN, -1, undefined])('waits as usual if the server sends the delay %s', async (given) => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const { sync, last } = await setUpOpen({ retry: { delay: () => given as number } });
    last().lose();
    expect(sync.status.get().retryAt).toBe(Date.now() + 100);
  });

  it('by reconnect() replaces an open link immediately', async () => {
    const { sync, links } = await setUpOpen();
    sync.reconnect();
    expect(links.map(({ closed }) => closed)).toEqual([true, false]);
  });

  it('does not connect without a subscription', async () => {
    const fake = createFakeTransport();
    const sync = createConnection({ url: 'http://h/', transports: [fake.transport] });
    sync.reconnect();
    await tick();
    expect(fake.links).toHaveLength(0);
  });
});

describe('the page', () => {
  it('closes the link when it is left, and resumes session and position when it is shown again', async () => {
    const { sync, last, links } = await setUpOpen();
    fire('pagehide');
    page.hidden = true;
    fire('visibilitychange');
    expect(last().closed).toBe(true);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(links).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    page.hidden = false;
    fire('pageshow');
    expect(links).toHaveLength(2);
    expect(openOf(last())).toEqual({ session: 's1' });
    expect(last().sent[1]).toEqual({ subscribe: [{ id: 'a', version: 1 }] });
    expect(sync.replica().get()).toBe('one');
  });

  it('changes nothing after the connection has closed for good', async () => {
    const { sync, links, last } = await setUpOpen();
    last().say({ bye: { code: 'x', reason: 'y', retry: false } });
    fire('pagehide');
    fire('pageshow');
    expect(sync.status.get().state).toBe('closed');
    expect(links).toHaveLength(1);
  });

  it.each(['pageshow', 'visibilitychange', 'online', 'offline'])(
    'probes an open link at %s',
    async (name) => {
      const { last } = await setUpOpen();
      fire(name);
      expect(last().sent.at(-1)).toEqual({ ping: true });
    },
  );

  it('probes when the network changes under it', async () => {
    const { sync, last } = await setUpOpen();
    network.dispatchEvent(new Event('change'));
    expect(last().sent.at(-1)).toEqual({ ping: true });
    sync.close();
    network.dispatchEvent(new Event('change'));
    expect(last().sent.filter((frame) => 'ping' in frame)).toHaveLength(1);
  });

  it('keeps its back-off while hidden, and connects immediately when it is shown', async () => {
    const { last, links } = await setUpOpen();
    last().lose();
    page.hidden = true;
    fire('visibilitychange');
    expect(links).toHaveLength(1);
    page.hidden = false;
    fire('visibilitychange');
    expect(links).toHaveLength(2);
  });
});

describe('transports', () => {
  const three = () => ['ws', 'sse', 'poll'].map((name) => createFakeTransport({ name }));
  const counts = (fakes: FakeTransport[]) => fakes.map(({ links }) => links.length);
  /** Loads the module that is loaded on need. */
  const load = () => vi.dynamicImportSettled();

  it('count as buffering after the head of an answer and then nothing for 5 s, and the next one is tried', async () => {
    const fakes = three();
    const { sync, last } = await setUp({}, fakes);
    await vi.advanceTimersByTimeAsync(3_000);
    last().head();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(counts(fakes)).toEqual([1, 0, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect(counts(fakes)).toEqual([1, 1, 0]);
    fakes[1]?.last().hello();
    expect(sync.status.get()).toMatchObject({
      state: 'open',
      transport: 'sse',
      reason: { code: 'buffered', message: 'ws: no answer' },
    });
  });

  it('are tried beside the working one if they are preferred, less and less often, without a session', async () => {
    const fakes = three();
    const { sync } = await setUp({}, fakes);
    fakes[0]?.last().lose();
    fakes[1]?.last().hello({ heartbeat: 600_000 });
    fakes[1]?.last().say({ id: 'a', version: 1, body: 'one' });
    await load();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(counts(fakes)).toEqual([2, 1, 0]);
    expect(fakes[0]?.last().attempt).toEqual({
      ...{ url: 'http://h/sync', headers: {} },
      open: [{ open: { trial: true } }],
    });
    fakes[0]?.last().lose();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(counts(fakes)).toEqual([2, 1, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect(counts(fakes)).toEqual([3, 1, 0]);
    await vi.advanceTimersByTimeAsync(4_000); // no answer either
    expect(fakes[0]?.last().closed).toBe(true);
    expect(sync.status.get()).toMatchObject({ state: 'open', transport: 'sse' });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(counts(fakes)).toEqual([4, 1, 0]);
    expect(fakes[1]?.last().closed).toBe(false);

    fakes[0]?.last().hello({ session: 'trial' });
    expect(fakes[0]?.links[3]?.closed).toBe(true);
    expect(fakes[1]?.last().closed).toBe(true);
    expect(counts(fakes)).toEqual([5, 1, 0]);
    expect(openOf(fakes[0]?.last() as FakeLink)).toEqual({ session: 's1' });
    fakes[0]?.last().hello();
    expect(sync.status.get()).toMatchObject({
      state: 'open',
      transport: 'ws',
      reason: undefined,
    });
    await vi.advanceTimersByTimeAsync(19_000);
    expect(counts(fakes)).toEqual([5, 1, 0]);
  });

  it('are tried from the best down to the last one that is better than the working one', async () => {
    const fakes = three();
    await setUp({}, fakes);
    fakes[0]?.last().lose();
    fakes[1]?.last().lose();
    fakes[2]?.last().hello();
    await load();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(counts(fakes)).toEqual([2, 1, 1]);
    fakes[0]?.last().lose();
    expect(counts(fakes)).toEqual([2, 2, 1]);
    fakes[1]?.last().hello();
    expect(counts(fakes)).toEqual([2, 3, 1]);
    fakes[1]?.last().hello();
    await load();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(counts(fakes)).toEqual([3, 3, 1]);
  });

  it('are not tried any more once the link is gone', async () => {
    const fakes = three();
    const { sync } = await setUp({}, fakes);
    fakes[0]?.last().lose();
    fakes[1]?.last().hello();
    sync.close();
    await load();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(counts(fakes)).toEqual([1, 1, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are not changed after a refusal that every transport would meet', async () => {
    const fakes = three();
    const { sync, last } = await setUp({}, fakes);
    last().lose({ code: 'unauthorized', message: '401' });
    expect(counts(fakes)).toEqual([1, 0, 0]);
    expect(sync.status.get().state).toBe('closed');
  });
});

describe('holding', () => {
  it('connects without a topic for as long as a holder exists', async () => {
    const { transport, links, last } = createFakeTransport();
    const connection = createEventConnection({ url: 'http://h/', transports: [transport] });
    const release = connection.hold();
    await tick();
    expect(last().sent).toEqual([{ open: {} }]);
    last().hello();
    expect(connection.status.get()).toMatchObject({ state: 'open', stale: false });
    release();
    await tick();
    expect(links).toHaveLength(1);
    expect(last().closed).toBe(true);
    expect(connection.status.get().state).toBe('idle');
  });
});

describe('limits.idle of a server', () => {
  const LIMITS = { frame: 1, depth: 1, rate: 1 };
  const pings = (link: FakeLink): number => link.sent.filter((frame) => 'ping' in frame).length;

  it('makes the client ping twice in that time, until the link ends', async () => {
    const { last } = await setUp();
    const link = last();
    link.hello({ limits: { ...LIMITS, idle: 20_000 } as never });
    link.say({ id: 'a', version: 1, body: 'one' });
    for (let count = 1; count <= 4; count++) {
      await vi.advanceTimersByTimeAsync(10_000);
      link.say({ ping: true });
      expect(pings(link)).toBe(count);
    }
    link.lose();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pings(link)).toBe(4);
  });

  it.each([0, -1, 1e-9, 1e308, NaN, '7', {}, [], null])('is bounded if it is %j', async (idle) => {
    const { last } = await setUp();
    const link = last();
    link.hello({ limits: { ...LIMITS, idle } as never });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(pings(link)).toBeLessThanOrEqual(10);
  });
});
