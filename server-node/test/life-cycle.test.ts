/** The life of sessions as the application sees it: callbacks in order, and their arguments. */
import { connect, type Sync } from '@velox/core';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { createTestSync, type TestSync, type TestSyncOptions } from '../src/testing/index.js';
import { listen } from './rig/listen.js';
import { rawWebSocket, type RawLink } from './rig/raw-client.js';

const TRANSPORTS = ['websocket', 'sse', 'polling'] as const;
type Transport = (typeof TRANSPORTS)[number];

async function setUp(options: TestSyncOptions<string> = {}): Promise<TestSync<velox.AnyContract, string>> {
  const test = await createTestSync<velox.AnyContract, string>({
    authorize: ({ token = '' }) => token,
    logger: () => undefined,
    ...options,
  });
  onTestFinished(() => test.close());
  return test;
}

/** Connects a client, which stays connected. */
function open(test: TestSync<velox.AnyContract, string>, token = 'ann', transport?: Transport): Sync {
  const sync = test.connect({ auth: () => token, ...(transport && { transport }) });
  sync.on('anything', () => undefined);
  return sync;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(TRANSPORTS)('over %s,', (transport) => {
  it.each([
    ['with limits for addresses', {}],
    ['without limits for addresses', { opensPerAddress: Infinity, sessionsPerAddress: Infinity }],
  ])(
    'onConnect is given the address behind a proxy, the user agent and the headers, %s',
    async (_, limits) => {
      const onConnect = vi.fn<(session: velox.Session, client: velox.ClientInfo) => void>();
      const hub = velox.createHub({ trustProxy: 1, onConnect, limits });
      await using server = await listen(hub.handle);
      const headers = { 'x-forwarded-for': '192.0.2.66, 198.51.100.1', 'user-agent': 'test/1', 'x-a': 'b' };
      const Forwarded = class extends WebSocket {
        constructor(url: string) {
          super(url, { headers });
        }
      };
      const sync = connect(server.origin, { transport, WebSocket: Forwarded, headers });
      sync.on('anything', () => undefined);
      await vi.waitFor(() => expect(onConnect).toHaveBeenCalled());
      const [session, { address, userAgent, header }] = onConnect.mock.calls[0]!;
      expect(session.name).toMatch(/^[\w-]{16}$/);
      expect([address, userAgent, header('x-a')]).toEqual(['198.51.100.1', 'test/1', 'b']);
      sync.close();
      await hub.close();
    },
  );

  it('onReconnect is given when the client was last seen, and which events it lost', async () => {
    const onReconnect = vi.fn<(session: object, absence: velox.Absence) => void>();
    const test = await setUp({ onReconnect });
    const sync = open(test, 'ann', transport);
    await test.advance(2_000);
    sync.emit('x', 1);
    await test.advance(100);
    const seenAt = Date.now();
    await test.advance(5_000);
    sync.reconnect();
    await test.advance(2_000);
    expect(onReconnect.mock.lastCall?.[1]).toMatchObject({ dropped: 0, recovered: true });
    expect(Math.abs(onReconnect.mock.lastCall![1].lastSeen - seenAt)).toBeLessThan(5_200);
    expect(onReconnect.mock.lastCall![1].lastSeen).toBeLessThan(Date.now() - 1_000);

    test.inflict({ harm: 'refuse', ms: 5_000, what: ['websocket', 'sse', 'polling', 'post'] });
    await test.advance(1_000);
    for (let n = 0; n < 1_010; n++) test.hub.emit('n', n);
    await test.advance(20_000);
    expect(onReconnect.mock.lastCall?.[1]).toMatchObject({ dropped: 10, recovered: false });
    sync.reconnect();
    await test.advance(5_000);
    expect(onReconnect.mock.lastCall?.[1]).toMatchObject({ dropped: 0, recovered: true });
  });

  it('frames of a session wait in order for its asynchronous onConnect, and those of others do not', async () => {
    const heard: string[] = [];
    const test = await setUp({
      onConnect: async (session) => {
        if (session.context === 'slow') await sleep(3_000);
        session.data = { name: session.context.toUpperCase() };
        void session.join('lobby');
      },
    });
    test.hub.state('board', { n: 1 });
    test.hub.on('say', (session, data) =>
      heard.push(`${(session.data as { name: string }).name} ${String(data)}`),
    );
    const slow = open(test, 'slow', transport);
    const board = slow.replica('board');
    board.subscribe(() => undefined);
    for (let n = 0; n < 20; n++) slow.emit('say', n);
    const fast = open(test, 'fast', transport);
    fast.emit('say', 'at once');
    await test.advance(2_900);
    expect(heard).toEqual(['FAST at once']);
    expect([board.get(), test.hub.room('lobby').size]).toEqual([undefined, 1]);
    await test.advance(1_000);
    expect(heard.slice(1)).toEqual(Array.from({ length: 20 }, (_, n) => `SLOW ${n}`));
    expect([board.get(), test.hub.room('lobby').size]).toEqual([{ n: 1 }, 2]);
  });

  it('`replace` ends the former session of a name for good', async () => {
    const onDisconnect = vi.fn();
    const test = await setUp({ name: (context) => context, duplicates: 'replace', onDisconnect });
    const first = open(test, 'ann', transport);
    await test.advance(1_000);
    const second = open(test, 'ann', transport);
    await test.advance(60_000);
    expect(first.status.get()).toMatchObject({ state: 'closed', reason: { code: 'replaced' } });
    expect(second.status.get().state).toBe('open');
    expect(test.hub.sessions()).toHaveLength(1);
    expect(onDisconnect.mock.calls.map(([, reason]) => reason as string)).toEqual(['replaced']);
  });

  it('`refuse` refuses a second client while the first one lives, also after a lost link', async () => {
    const test = await setUp({ name: (context) => context, duplicates: 'refuse' });
    const first = open(test, 'ann', transport);
    await test.advance(1_000);
    const second = open(test, 'ann', transport);
    await test.advance(10_000);
    expect(second.status.get()).toMatchObject({ state: 'closed', reason: { code: 'name-taken' } });
    expect(open(test, 'bob', transport)).toBeDefined();
    test.inflict({ harm: 'drop' }, 0);
    await test.advance(10_000);
    expect(first.status.get().state).toBe('open');
    expect(test.hub.sessions().map(({ name }) => name)).toEqual(['ann', 'bob']);
  });

  it('`refuse` lets a client take the name of a session that does not answer, and only one of two', async () => {
    const test = await setUp({ name: (context) => context, duplicates: 'refuse' });
    open(test, 'ann', transport);
    await test.advance(1_000);
    test.inflict({ harm: 'freeze', who: 'client', ms: 600_000 }, 0);
    const others = [open(test, 'ann', transport), open(test, 'ann', transport)];
    await test.advance(10_000);
    const states = others.map((sync) => sync.status.get().state);
    expect(states.sort()).toEqual(['closed', 'open']);
    expect(test.hub.sessions().map(({ name }) => name)).toEqual(['ann']);
    others.forEach((sync) => sync.close());
    await test.advance(1_000); // away: it does not count
    const third = open(test, 'ann', transport);
    await test.advance(2_000);
    expect(third.status.get().state).toBe('open');
  });

  it('a paused hub refuses new clients and keeps the others', async () => {
    const test = await setUp();
    const first = open(test, 'ann', transport);
    await test.advance(1_000);
    test.hub.pause({ retryAfter: 7_000 });
    expect(test.hub.isPaused()).toBe(true);
    const second = open(test, 'bob', transport);
    await test.advance(1_000);
    const { state, reason, retryAt } = second.status.get();
    expect([state, reason?.code]).toEqual(['waiting', 'unavailable']);
    expect(retryAt! - Date.now()).toBeGreaterThan(5_000);
    test.inflict({ harm: 'drop' }, 0);
    await test.advance(5_000);
    expect(first.status.get().state).toBe('open');
    test.hub.resume();
    await test.advance(20_000);
    expect([test.hub.isPaused(), second.status.get().state]).toEqual([false, 'open']);
  });
});

describe('the callbacks of a session', () => {
  it('run one after the other, and frames wait for at most `handshake`', async () => {
    const order: string[] = [];
    const entries: velox.LogEntry[] = [];
    const test = await setUp({
      limits: { handshake: 2_000 },
      logger: (entry) => entries.push(entry),
      onConnect: (session) => {
        order.push('connect');
        return session.context === 'never'
          ? new Promise(() => undefined)
          : sleep(500).then(() => order.push('connected'));
      },
      onDisconnect: () => order.push('disconnect'),
    });
    test.hub.on('say', () => order.push('heard'));
    const never = open(test, 'never');
    never.emit('say', 1);
    await test.advance(1_900);
    expect(order).toEqual(['connect']);
    await test.advance(1_000);
    expect(order).toEqual(['connect', 'heard']);
    expect(entries).toMatchObject([{ event: 'callback failed', error: { code: 'timeout' } }]);
    order.length = 0;
    open(test, 'ann').emit('say', 1);
    await test.advance(100);
    test.hub.sessions()[1]?.close();
    await test.advance(1_000);
    expect(order).toEqual(['connect', 'connected', 'disconnect']); // its frames have no session any more
  });

  it('are reported if they reject, and later frames are executed', async () => {
    const entries: velox.LogEntry[] = [];
    const heard = vi.fn();
    const test = await setUp({
      logger: (entry) => entries.push(entry),
      onConnect: () => sleep(100).then(() => Promise.reject(new Error('of the application'))),
    });
    test.hub.on('say', heard);
    open(test).emit('say', 1);
    await test.advance(1_000);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(entries).toMatchObject([{ error: { message: 'of the application' } }]);
  });

  it('onDisconnect knows the rooms and the name of the session, also if it runs later', async () => {
    const ended: unknown[] = [];
    const test = await setUp({
      name: (context) => context,
      onConnect: (session) => {
        void session.join(['a', 'b']);
        return sleep(500);
      },
      onDisconnect: ({ name, rooms }, reason) => ended.push([name, rooms, reason]),
    });
    open(test);
    await test.advance(100);
    test.hub.sessions()[0]?.close('banned', 'Bye.');
    expect(test.hub.room('a').size).toBe(0);
    await test.advance(1_000);
    expect(ended).toEqual([['ann', ['a', 'b'], 'banned']]);
    expect(test.hub.stats()).toMatchObject({ names: 0, rooms: 0 });
  });

  it('keep the order of all frames over any loss of links', async () => {
    const harm = fc.constantFrom('drop', 'half-open', 'delay', 'stall') as fc.Arbitrary<string>;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 1_500 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.record({ harm, after: fc.nat({ max: 2_000 }) }), { maxLength: 4 }),
        fc.constantFrom(...TRANSPORTS),
        async (delays, harms, transport) => {
          let at = 0;
          const next = (): Promise<void> => sleep(delays[at++ % delays.length]!);
          const test = await createTestSync({
            onConnect: next,
            onReconnect: next,
            onAway: next,
            logger: () => undefined,
          });
          const heard: unknown[] = [];
          test.hub.on('say', (_, data) => heard.push(data));
          const sync = test.connect({ transport });
          let sent = 0;
          for (const { harm: kind, after } of harms) {
            for (let n = 0; n < 5; n++) sync.emit('say', sent++);
            await test.advance(after);
            if (kind === 'drop') test.inflict({ harm: kind });
            else if (kind === 'half-open') test.inflict({ harm: kind, told: 'client' });
            else if (kind === 'delay') test.inflict({ harm: kind, ms: 500, by: 200 });
            else test.inflict({ harm: 'stall', ms: 500 });
          }
          sync.emit('say', sent++);
          await test.advance(60_000);
          test.close();
          expect(heard).toEqual(Array.from({ length: sent }, (_, n) => n));
        },
      ),
      { numRuns: Math.ceil(Number(process.env.VELOX_RUNS ?? 300) / 5) },
    );
  });

  it('a refused frame that waited ends its own session alone', async () => {
    const hub = velox.createHub({ onConnect: () => sleep(50), logger: () => undefined });
    await using server = await listen(hub.handle);
    const answer = await fetch(`${server.origin}?velox=3`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify([{ open: {} }, { event: 'x', data: 1 }]), // without a number
    });
    expect(await answer.text()).toContain('"code":"bad-frame"');
    expect(hub.sessions()).toEqual([]);
    await hub.close();
  });
});

it('session.data has the type that the contract of the server names', async () => {
  interface Server {
    topics: object;
    events: { say: string };
    session: { count: number };
  }
  const test = await createTestSync<Server>({ onConnect: (session) => void (session.data = { count: 0 }) });
  onTestFinished(() => test.close());
  test.hub.on('say', (session) => void session.data.count++);
  const sync = test.connect();
  for (let n = 0; n < 3; n++) sync.emit('say', 'x');
  await test.advance();
  expectTypeOf(test.hub.sessions()[0]!.data).toEqualTypeOf<{ count: number }>();
  expectTypeOf<velox.Session['data']>().toEqualTypeOf<unknown>();
  expect(test.hub.only(test.hub.sessions()[0]!).sessions()[0]?.data.count).toBe(3);
});

it('onUnknown is given events and calls without a handler, in place of a warning', async () => {
  const onUnknown = vi.fn();
  const entries: velox.LogEntry[] = [];
  const test = await setUp({ onUnknown, logger: (entry) => entries.push(entry) });
  test.hub.on('known', () => undefined);
  const sync = open(test);
  sync.emit('known', 0);
  sync.emit('unknown', { a: 1 });
  const code = sync.call('missing', 2).catch((error: velox.CallError) => error.code);
  await test.advance();
  expect(await code).toBe('no-handler');
  const session = test.hub.sessions()[0];
  expect(onUnknown.mock.calls).toEqual([
    [session, 'unknown', { a: 1 }],
    [session, 'missing', 2],
  ]);
  expect(entries).toEqual([]);
});

it('a paused hub answers a WebSocket with 1013, and HTTP with 503 and Retry-After', async () => {
  await using hub = velox.createHub();
  hub.state('', { a: 1 });
  await using server = await listen(hub.handle);
  hub.pause({ retryAfter: 1_500 });
  const link = rawWebSocket(server.origin);
  link.send({ open: {} });
  expect(await link.next()).toMatchObject({ bye: { code: 'unavailable', retry: 1_500 } });
  expect(await link.whenEnded()).toBe('closed 1013 unavailable');
  const stream = await fetch(`${server.origin}?velox=3`, { headers: { accept: 'text/event-stream' } });
  expect([stream.status, stream.headers.get('retry-after')]).toEqual([503, '2']);
  expect(await (await fetch(server.origin)).json()).toMatchObject({ body: { a: 1 } }); // a value needs no session
  expect(() => hub.pause({ retryAfter: -1 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
});

it('a client that resumes on another link while `refuse` asks whether it lives keeps its name', async () => {
  await using hub = velox.createHub<velox.AnyContract, string>({
    authorize: ({ token = '' }) => token,
    name: (context) => context,
    duplicates: 'refuse',
  });
  await using server = await listen(hub.handle);
  const open = (more = {}): RawLink => {
    const link = rawWebSocket(server.origin);
    onTestFinished(() => link.close());
    link.send({ open: { token: 'ann', ...more } });
    return link;
  };
  const first = open();
  const { hello } = (await first.next()) as { hello: { session: string } };
  const other = open();
  await first.find((frame) => 'ping' in frame); // never answered: the network of this link is gone
  const newer = open({ session: hello.session });
  expect(await newer.next()).toHaveProperty('hello');
  expect(await other.next()).toMatchObject({ bye: { code: 'name-taken' } });
  newer.send({ ping: true });
  expect(await newer.find((frame) => 'ping' in frame)).toEqual({ ping: true });
});

it('`await using` closes a hub', async () => {
  let sync: Sync | undefined;
  {
    await using hub = velox.createHub();
    await using server = await listen(hub.handle);
    sync = connect(server.origin, { transport: 'websocket', WebSocket });
    sync.on('x', () => undefined);
    await vi.waitFor(() => expect(hub.sessions()).toHaveLength(1));
  }
  expect(sync.status.get().state).not.toBe('open');
  sync.close();
});
