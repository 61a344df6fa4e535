/** The right sides of the tables for the client and the options in docs/from-socket-io.md. */
import { connect, createConnection, shared, sse, websocket, type Transport } from '@velox/core';
import { createFakeTransport } from '@velox/core/testing';
import { createHub, DEFAULT_LIMITS } from '@velox/server';
import { expect, onTestFinished, vi } from 'vitest';
import { setUp, testRows } from './rig.js';

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

testRows('from-socket-io.md', 'Client', {
  '`io(url)`, `new Manager(url)`, `manager.socket(name)`': async () => {
    const rig = await setUp();
    expect(rig.hub.sessions()).toHaveLength(2);
    expect(shared('http://h/sync').status.get().state).toBe('idle');
  },
  '`client.emit(event, data)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.hub.on('note', (session, data) => heard.push([session.name, data]));
    expect(rig.ann.emit('note', { n: 1 })).toBe('sent');
    await rig.go();
    expect(heard).toEqual([['ann', { n: 1 }]]);
  },
  '`client.send(data)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.hub.on('message', (_, data) => heard.push(data));
    rig.ann.emit('message', 1);
    await rig.go();
    expect(heard).toEqual([1]);
  },
  '`client.emitWithAck(event, data)`, `client.timeout(ms).emit(event, data, ack)`': async () => {
    const rig = await setUp();
    rig.hub.answer('ask', (_, data) => (data === 1 ? 'one' : new Promise(() => undefined)));
    const calls = [1, 2].map((data) =>
      rig.ann.call('ask', data, { timeout: 500 }).catch(({ code }: { code: string }) => code),
    );
    await rig.go(1_000);
    expect(await Promise.all(calls)).toEqual(['one', 'timeout']);
  },
  '`client.on(event, fn)`, `client.once(event, fn)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.ann.on('own', (data) => heard.push(['on', data]));
    rig.ann.once('own', (data) => heard.push(['once', data]));
    for (const n of [1, 2]) rig.hub.emit('own', n);
    await rig.go();
    expect(heard).toEqual([
      ['on', 1],
      ['once', 1],
      ['on', 2],
    ]);
  },
  '`client.on(event, (data, ack) => ack(reply))`': async () => {
    const rig = await setUp();
    rig.ann.answer('ask', (data) => [data]);
    const call = rig.of('ann').call('ask', 1);
    await rig.go();
    expect(await call).toEqual([1]);
  },
  '`client.off(event, fn)`, `client.removeAllListeners(event)`, `client.listeners(event)`, `client.hasListeners(event)`':
    async () => {
      const rig = await setUp();
      const heard: unknown[] = [];
      const off = rig.ann.on('own', (data) => heard.push(data));
      off();
      rig.hub.emit('own', 1);
      await rig.go();
      expect(heard).toEqual([]);
    },
  '`client.volatile`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.hub.on('at', (_, data) => heard.push(data));
    expect(rig.ann.emit('at', 1, { volatile: true })).toBe('sent');
    await rig.go();
    rig.test.inflict({ harm: 'drop' });
    await rig.go(5);
    expect(rig.ann.emit('at', 2, { volatile: true })).toBe('dropped');
    await rig.go(5_000);
    expect(heard).toEqual([1]);
  },
  '`client.compress(false)`': async () => {
    const rig = await setUp();
    rig.hub.on('note', () => undefined);
    expect(rig.ann.emit('note', 'x'.repeat(10_000))).toBe('sent');
  },
  '`client.connect()`, `client.open()`, `manager.open(fn)`, `manager.connect(fn)`': async () => {
    const rig = await setUp();
    const eve = rig.test.connect({ retry: 'manual', auth: () => 'eve' });
    expect(eve.status.get().state).toBe('idle');
    eve.on('note', () => undefined);
    await rig.go();
    expect(eve.status.get().state).toBe('open');
    rig.test.inflict({ harm: 'drop' }, 2);
    await rig.go(10_000);
    expect(eve.status.get().state).toBe('waiting');
    eve.reconnect();
    await rig.go(1_000);
    expect(eve.status.get().state).toBe('open');
  },
  '`client.disconnect()`, `client.close()`': async () => {
    const rig = await setUp();
    rig.ann.close();
    await rig.go();
    expect(rig.ann.status.get().state).toBe('closed');
    expect(rig.hub.stats().away).toBe(1);
  },
  '`client.connected`, `client.disconnected`, `client.active`': async () => {
    const rig = await setUp();
    expect(rig.ann.status.get().state).toBe('open');
  },
  "`client.on('connect', fn)`, `client.on('connect_error', fn)`, `client.on('disconnect', fn)`": async () => {
    const rig = await setUp();
    const states: unknown[] = [];
    rig.ann.status.subscribe(() => {
      const { state, reason } = rig.ann.status.get();
      states.push(state === 'waiting' ? [state, reason?.code] : state);
    });
    rig.test.inflict({ harm: 'drop' });
    await rig.go(5_000);
    expect(states[0]).toEqual(['waiting', 'lost']);
    expect(states.at(-1)).toBe('open');
  },
  '`client.id`': async () => {
    const { transport, last } = createFakeTransport();
    const sync = createConnection({ url: 'http://h/sync', transports: [transport] });
    onTestFinished(sync.close);
    const names: unknown[] = [];
    sync.onFrame((frame) => void ('hello' in frame && names.push(frame.hello.name)));
    sync.replica().subscribe(() => undefined);
    await later();
    last().hello({ name: 'ann' });
    expect(names).toEqual(['ann']);
  },
  '`client.recovered`': async () => {
    const rig = await setUp();
    const reconnections: unknown[] = [];
    rig.ann.onReconnect((each) => reconnections.push(each));
    rig.test.inflict({ harm: 'drop' });
    await rig.go(5_000);
    expect(reconnections).toEqual([{ recovered: true, dropped: 0 }]);
  },
  '`client.auth`': async () => {
    const rig = await setUp();
    expect(rig.of('ann').context).toEqual({ id: 'ann' });
  },
  '`client.sendBuffer`, `client.receiveBuffer`': async () => {
    const rig = await setUp();
    const drops: unknown[] = [];
    const eve = await rig.join('eve', {
      events: { count: 2, age: 60_000, onDrop: (code, count) => drops.push([code, count]) },
    });
    rig.test.inflict({ harm: 'refuse', ms: 1_000, what: ['websocket', 'sse', 'polling', 'post'] }, 2);
    await rig.go(500);
    for (const n of [1, 2, 3]) eve.emit('note', n);
    expect([drops, eve.dropped.get()]).toEqual([[['overflow', 1]], 1]);
  },
  '`retries`, `ackTimeout`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.hub.on('note', (_, data) => heard.push(data));
    rig.hub.answer('ask', (_, data) => [data]);
    rig.test.inflict({ harm: 'refuse', ms: 1_000, what: ['websocket', 'sse', 'polling', 'post'] });
    rig.ann.emit('note', 1);
    const call = rig.ann.call('ask', 2);
    await rig.go(10_000);
    expect([heard, await call]).toEqual([[1], [2]]);
  },
  '`client.onAny(fn)`, `client.prependAny(fn)`, `client.offAny(fn)`, `client.listenersAny()`': async () => {
    const rig = await setUp();
    const frames: unknown[] = [];
    const off = rig.ann.onFrame((frame) => void ('event' in frame && frames.push([frame.event, frame.data])));
    rig.hub.emit('any', 1);
    await rig.go();
    off();
    rig.hub.emit('any', 2);
    await rig.go();
    expect(frames).toEqual([['any', 1]]);
  },
  '`client.onAnyOutgoing(fn)`, `client.prependAnyOutgoing(fn)`, `client.offAnyOutgoing(fn)`, `client.listenersAnyOutgoing()`':
    async () => {
      const sent: string[] = [];
      const { transport, last } = createFakeTransport();
      const connectWatched = (...args: Parameters<Transport>): ReturnType<Transport> => {
        const link = transport(...args);
        return {
          send: (text, hello) => (sent.push(text), link.send(text, hello)),
          close: () => link.close(),
        };
      };
      const watched: Transport = Object.defineProperty(connectWatched, 'name', { value: 'watched' });
      const sync = connect('http://h/sync', { transports: [watched] });
      onTestFinished(sync.close);
      sync.on('note', () => undefined);
      await later();
      last().hello();
      sync.emit('note', 1);
      expect(sent).toEqual(['{"event":"note","data":1,"seq":1}']);
    },
  '`client.io`, `manager.engine`, `manager.opts`': async () => {
    const rig = await setUp();
    expect(rig.ann.status.get().transport).toBe('websocket');
  },
  "`manager.on('reconnect', fn)`, `'reconnect_attempt'`, `'reconnect_error'`, `'reconnect_failed'`":
    async () => {
      const rig = await setUp();
      const eve = await rig.join('eve', { retry: { delay: () => 100, maxAttempts: 2 } });
      rig.test.inflict({ harm: 'refuse', ms: 60_000, what: ['websocket', 'sse', 'polling', 'post'] }, 2);
      await rig.go(30_000);
      expect(eve.status.get()).toMatchObject({
        state: 'closed',
        reason: { code: expect.any(String) as string },
      });
    },
  "`manager.on('ping', fn)`": async () => {
    const rig = await setUp({ heartbeat: 1_000 });
    const pings: unknown[] = [];
    rig.ann.onFrame((frame) => void ('ping' in frame && pings.push(frame)));
    await rig.go(2_500);
    expect(pings.length).toBeGreaterThan(0);
  },
  '`manager.reconnection(flag)`': async () => {
    const rig = await setUp();
    const eve = await rig.join('eve', { retry: 'manual' });
    rig.test.inflict({ harm: 'drop' }, 2);
    await rig.go(60_000);
    expect(eve.status.get().state).toBe('waiting');
  },
  '`manager.reconnectionAttempts(n)`': async () => {
    const rig = await setUp();
    const eve = await rig.join('eve', { retry: { maxAttempts: 1 } });
    rig.test.inflict({ harm: 'refuse', ms: 60_000, what: ['websocket', 'sse', 'polling', 'post'] }, 2);
    await rig.go(30_000);
    expect(eve.status.get().state).toBe('closed');
  },
  '`manager.reconnectionDelay(ms)`, `manager.reconnectionDelayMax(ms)`, `manager.randomizationFactor(n)`':
    async () => {
      const rig = await setUp();
      const delay = vi.fn<(failures: number, elapsed: number) => number>(() => 200);
      await rig.join('eve', { retry: { delay } });
      rig.test.inflict({ harm: 'drop' }, 2);
      await rig.go(1_000);
      expect(delay).toHaveBeenCalled();
    },
  '`manager.timeout(ms)`': async () => {
    const rig = await setUp();
    const eve = rig.test.connect({ auth: () => 'eve' });
    rig.test.inflict({ harm: 'stall', ms: 10_000 }, 2);
    eve.on('note', () => undefined);
    await rig.go(30_000);
    expect(eve.status.get().state).toBe('open');
  },
});

testRows('from-socket-io.md', 'Options', {
  '`connectionStateRecovery`': async () => {
    const rig = await setUp({ patience: 60_000, events: { count: 10 } });
    rig.test.inflict({ harm: 'refuse', ms: 40_000, what: ['websocket', 'sse', 'polling', 'post'] });
    await rig.go(35_000);
    rig.of('ann').emit('note', 1);
    await rig.go(60_000);
    expect(rig.heard).toEqual(['ann note 1']);
  },
  '`maxHttpBufferSize`': async () => {
    const rig = await setUp({ limits: { frame: 1_000 } });
    expect(() => rig.ann.emit('note', 'x'.repeat(1_000))).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
    expect(DEFAULT_LIMITS.frame).toBe(1 << 20);
  },
  '`pingInterval`, `pingTimeout`': async () => {
    const rig = await setUp({ heartbeat: 1_000 });
    rig.test.inflict({ harm: 'half-open', told: 'nobody' });
    await rig.go(20_000);
    expect(rig.ann.status.get().state).toBe('open');
  },
  '`cors`, `allowRequest`': async () => {
    const hub = createHub({ origins: ['https://app.example'] });
    onTestFinished(() => hub.close());
    hub.state('n', 1);
    const ask = (origin: string): Promise<Response> =>
      hub.fetch(new Request('http://h/sync?topic=n', { headers: { origin } }));
    expect((await ask('https://app.example')).headers.get('access-control-allow-origin')).toBe(
      'https://app.example',
    );
    expect((await ask('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  },
  '`perMessageDeflate`, `httpCompression`': async () => {
    const rig = await setUp({ compression: false });
    expect(rig.ann.status.get().state).toBe('open');
    expect(() => createHub({ compression: 'some' as never })).toThrow("true, false or 'all'");
  },
  '`transports`, `upgrade`, `rememberUpgrade` of the client': async () => {
    const rig = await setUp();
    const eve = rig.test.connect({ transport: 'polling', auth: () => 'eve' });
    eve.on('note', () => undefined);
    await rig.go();
    expect(eve.status.get().transport).toBe('polling');
    expect(
      connect('http://h/sync', { transports: [websocket(), sse()], transport: 'sse' }).status.get().state,
    ).toBe('idle');
  },
  '`query`, `extraHeaders`': async () => {
    const { transport, last } = createFakeTransport();
    const sync = connect('http://h/sync?room=1', { transports: [transport], headers: { 'x-own': 'a' } });
    onTestFinished(sync.close);
    sync.on('note', () => undefined);
    await vi.waitFor(() =>
      expect(last().attempt).toMatchObject({ url: 'http://h/sync?room=1', headers: { 'x-own': 'a' } }),
    );
  },
});
