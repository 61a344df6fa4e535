/** The right sides of the tables in docs/from-message-libraries.md. */
import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from '@velox/core';
import * as velox from '@velox/server';
import { memory } from '@velox/server/memory';
import { EventSource } from 'eventsource';
import { expect, onTestFinished, vi } from 'vitest';
import { setUp, testRows, type Rig } from './rig.js';

const ALL = ['websocket', 'sse', 'polling', 'post'] as const;

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function heardByServer(rig: Rig, act: () => void): Promise<unknown[]> {
  const heard: unknown[] = [];
  const off = rig.hub.on('note', (session, data) => heard.push([session.name, data]));
  act();
  await rig.go();
  off();
  return heard;
}

testRows('from-message-libraries.md', 'sacrificial-socket', {
  '`NewServer()`, `server.WebHandler()`': async () => {
    const hub = velox.createHub();
    onTestFinished(() => hub.close());
    hub.state('n', 1);
    const origin = await listen((request, response) => void hub.handle(request, response));
    const answer = await fetch(`${origin}/?topic=n`, { headers: { accept: 'application/json' } });
    expect(await answer.json()).toMatchObject({ body: 1 });
  },
  '`server.SetUpgrader(u)`': async () => {
    const rig = await setUp({ authorize: ({ header }) => ({ id: header('host') }) });
    expect(rig.hub.sessions()).toHaveLength(2);
    expect(rig.hub.upgrade).toBeTypeOf('function');
  },
  '`server.On(event, fn)`': async () => {
    const rig = await setUp();
    const heard = await heardByServer(rig, () => [1, 2, 3].forEach((n) => rig.ann.emit('note', n)));
    expect(heard).toEqual([1, 2, 3].map((n) => ['ann', n]));
  },
  '`server.OnEvent(handler)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.hub.on({ echo: (_, data) => heard.push(data) });
    rig.ann.emit('echo', 1);
    await rig.go();
    expect(heard).toEqual([1]);
  },
  '`server.OnConnect(fn)`, `server.OnDisconnect(fn)`': async () => {
    const life: string[] = [];
    const rig = await setUp({
      onConnect: ({ name }) => life.push(`${name} came`),
      onDisconnect: ({ name }) => life.push(`${name} went`),
    });
    rig.of('ann').close();
    await rig.go();
    expect(life).toEqual(['ann came', 'bob came', 'ann went']);
  },
  '`server.Broadcast(event, data)`, `socket.Broadcast(event, data)`': async () => {
    const rig = await setUp();
    rig.hub.emit('note', 1);
    rig.of('ann').broadcast.emit('note', 2);
    await rig.go();
    expect(rig.heard.sort()).toEqual(['ann note 1', 'bob note 1', 'bob note 2']);
  },
  '`server.Roomcast(room, event, data)`, `socket.Roomcast(room, event, data)`': async () => {
    const rig = await setUp();
    for (const session of rig.hub.sessions()) void session.join('lobby');
    rig.hub.to('lobby').emit('note', 1);
    rig.of('ann').to('lobby').emit('note', 2);
    await rig.go();
    expect(rig.heard.sort()).toEqual(['ann note 1', 'bob note 1', 'bob note 2']);
  },
  '`server.Socketcast(id, event, data)`, `socket.Socketcast(id, event, data)`': async () => {
    const rig = await setUp();
    rig.ann.join('bob');
    await rig.go();
    rig.hub.only('bob').emit('note', 1);
    await rig.go();
    expect(rig.heard).toEqual(['bob note 1']);
  },
  '`socket.ID()`': async () => {
    const rig = await setUp({ name: () => undefined });
    expect(rig.hub.sessions()[0]?.name).toMatch(/^[\w-]{16,}$/);
  },
  '`socket.Emit(event, data)`': async () => {
    const rig = await setUp();
    const bytes: unknown[] = [];
    rig.ann.on('bytes', (data) => bytes.push(data));
    rig.of('ann').emit('note', { n: 1 });
    rig.of('ann').emit('bytes', new Uint8Array([1, 2]));
    await rig.go();
    expect(rig.heard).toEqual(['ann note {"n":1}']);
    expect(bytes).toEqual([new Uint8Array([1, 2])]);
  },
  '`socket.Join(room)`, `socket.Leave(room)`, `socket.InRoom(room)`, `socket.GetRooms()`': async () => {
    const rig = await setUp();
    const ann = rig.of('ann');
    void ann.join(['a', 'b']);
    ann.leave('a');
    expect([ann.rooms, ann.rooms.includes('b')]).toEqual([['b'], true]);
  },
  '`socket.Close()`': async () => {
    const rig = await setUp();
    rig.of('ann').close();
    await rig.go(60_000);
    expect(rig.ann.status.get().state).toBe('closed');
  },
  '`server.Shutdown()`, `server.EnableSignalShutdown(chan)`': async () => {
    const hub = velox.createHub();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    velox.closeOnSignal(hub, server, { signals: ['SIGUSR2'] });
    process.emit('SIGUSR2');
    expect(server.listening).toBe(false);
    const answer = await hub.fetch(
      new Request('http://h/sync?velox=3', { headers: { accept: 'text/event-stream' } }),
    );
    expect(answer.status).toBe(503);
  },
  '`server.SetMultihomeBackend(b)`': async () => {
    const backplane = memory();
    const hubs = [velox.createHub({ backplane }), velox.createHub({ backplane })];
    const [one, other] = hubs.map((hub) => hub.shared('stock', { n: 1 }));
    await one?.update((draft) => void draft.n++);
    await vi.waitFor(() => expect(other?.get()).toEqual({ n: 2 }));
    await Promise.all(hubs.map((hub) => hub.close()));
  },
  '`new SS(url, { reconnectOpts })`': async () => {
    const rig = await setUp();
    const eve = await rig.join('eve', { retry: { delay: () => 5_000 } });
    rig.test.inflict({ harm: 'drop' }, 2);
    await rig.go(2_000);
    expect(eve.status.get().state).toBe('waiting');
    await rig.go(5_000);
    expect(eve.status.get().state).toBe('open');
  },
  '`client.on(event, fn)`, `client.off(event)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    const off = rig.ann.on('own', (data) => heard.push(data));
    rig.hub.emit('own', 1);
    await rig.go();
    off();
    rig.hub.emit('own', 2);
    await rig.go();
    expect(heard).toEqual([1]);
  },
  '`client.emit(event, data)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.hub.on('note', (_, data) => heard.push(data));
    rig.test.inflict({ harm: 'refuse', ms: 1_000, what: ALL });
    await rig.go(100);
    expect(rig.ann.emit('note', 1)).toBe('queued');
    await rig.go(10_000);
    expect(heard).toEqual([1]);
  },
  '`client.onConnect(fn)`, `client.onDisconnect(fn)`': async () => {
    const rig = await setUp();
    const states: string[] = [];
    rig.ann.status.subscribe(() => states.push(rig.ann.status.get().state));
    rig.ann.onReconnect(({ recovered }) => states.push(`recovered ${recovered}`));
    rig.test.inflict({ harm: 'drop' });
    await rig.go(5_000);
    expect(states).toEqual(expect.arrayContaining(['waiting', 'open', 'recovered true']));
  },
  '`client.close()`': async () => {
    const rig = await setUp();
    rig.ann.close();
    await rig.go(60_000);
    expect(rig.ann.status.get().state).toBe('closed');
  },
});

interface Stream {
  readonly hub: velox.Hub;
  readonly events: ReturnType<velox.Hub['sse']>;
  readonly sources: Record<string, EventSource>;
  readonly heard: string[];
}

/** Two plain clients, `ann` and `bob`, on real time. */
async function stream(sse: velox.SseOptions = {}, options: velox.HubOptions = {}): Promise<Stream> {
  const hub = velox.createHub(options);
  onTestFinished(() => hub.close());
  const events = hub.sse({ retry: 20, name: (_, { header }) => header('x-name'), ...sse });
  const origin = await listen((request, response) => void events.handle(request, response));
  const heard: string[] = [];
  const open = (name: string): EventSource => {
    const withName: typeof fetch = (url, init) =>
      fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), 'x-name': name } });
    const source = new EventSource(origin, { fetch: withName });
    source.addEventListener('note', ({ data }: MessageEvent<string>) => heard.push(`${name} ${data}`));
    onTestFinished(() => source.close());
    return source;
  };
  const sources = { ann: open('ann'), bob: open('bob') };
  await vi.waitFor(() => expect(events.size).toBe(2), 10_000);
  return { hub, events, sources, heard };
}

const heardOf = ({ heard }: Stream, ...wanted: string[]): Promise<void> =>
  vi.waitFor(() => expect(heard.toSorted()).toEqual(wanted), 10_000);

testRows('from-message-libraries.md', 'sse', {
  '`New(&Config{Retry, Header})`': async () => {
    const events = velox.createHub().sse({ retry: 15_000, headers: { 'x-own': 'a' } });
    const { headers, body } = await events.fetch(new Request('http://h/events'));
    expect(headers.get('x-own')).toBe('a');
    const { value } = await (body as ReadableStream<Uint8Array>).getReader().read();
    expect(new TextDecoder().decode(value)).toMatch(/^retry: 15000\n\n/);
  },
  '`HandlerHTTP(cid, w, r)`': async () => {
    const { hub } = await stream();
    expect(
      hub
        .sessions()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['ann', 'bob']);
  },
  '`SendEvent(Event)`': async () => {
    const rig = await stream();
    rig.hub.emit('note', 1);
    await heardOf(rig, 'ann 1', 'bob 1');
  },
  '`SendEvent(EventOnly)`, `SendEvent(EventExcept)`': async () => {
    const rig = await stream();
    rig.hub.only(['ann']).emit('note', 1);
    rig.hub.except(['ann']).emit('note', 2);
    await heardOf(rig, 'ann 1', 'bob 2');
  },
  '`SendEvent(EventRecovery)`, `StopRecovery()`': async () => {
    const hub = velox.createHub({
      onAway: (session) => void session.emit('note', 'lost'),
      async onReconnect(session) {
        await Promise.resolve();
        session.emit('note', 'first');
      },
    });
    onTestFinished(() => hub.close());
    const events = hub.sse();
    const read = async (headers: Record<string, string>, wanted: RegExp): Promise<string> => {
      const { body } = await events.fetch(new Request('http://h/events', { headers }));
      const reader = (body as ReadableStream<Uint8Array>).getReader();
      let text = '';
      while (!wanted.test(text)) text += new TextDecoder().decode((await reader.read()).value);
      await reader.cancel();
      return text;
    };
    const id = /^id: (.*)$/m.exec(await read({}, /data:\n\n/))?.[1] ?? '';
    const text = await read({ 'last-event-id': id }, /"lost"/);
    expect(text.indexOf('"first"')).toBeGreaterThan(0);
    expect(text.indexOf('"first"')).toBeLessThan(text.indexOf('"lost"'));
  },
  '`SendEvent(EventRetry)`': async () => {
    const events = velox.createHub().sse();
    const { body } = await events.fetch(new Request('http://h/events'));
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    events.retry(4_000);
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('retry: 4000\n\n');
  },
  '`Data{DisabledFormatting}`': async () => {
    const rig = await stream({ text: true });
    rig.hub.only('ann').emit('note', 'a\nb');
    await heardOf(rig, 'ann a\nb');
  },
  '`HandlerConnectNotify(fn)`, `HandlerDisconnectNotify(fn)`, `HandlerReconnectNotify(fn)`': async () => {
    const life: string[] = [];
    const rig = await stream(
      {},
      {
        patience: 20,
        onConnect: ({ name }) => life.push(`${name} came`),
        onDisconnect: ({ name }) => life.push(`${name} went`),
        onReconnect: ({ name }) => life.push(`${name} came back`),
      },
    );
    rig.sources.ann?.close();
    await vi.waitFor(() => expect(life).toContain('ann went'), 10_000);
    expect(life.slice(0, 2).toSorted()).toEqual(['ann came', 'bob came']);
  },
  '`RemoveConsumer(cid)`': async () => {
    const rig = await stream();
    rig.hub.only('ann').sessions()[0]?.close();
    await vi.waitFor(() => expect(rig.sources.ann?.readyState).toBe(EventSource.CLOSED), 10_000);
    expect(rig.events.size).toBe(1);
  },
  '`CountConsumer()`': async () => {
    expect((await stream()).events.size).toBe(2);
  },
  '`Close()`': async () => {
    const rig = await stream();
    await rig.hub.close();
    expect(rig.events.size).toBe(0);
  },
});

testRows('from-message-libraries.md', 'glue', {
  '`NewServer(Options)`, `server.Run()`, `server.ServeHTTP`': async () => {
    const hub = velox.createHub();
    onTestFinished(() => hub.close());
    hub.state('n', 1);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    hub.attach(server, '/glue');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/glue?topic=n`;
    expect(await (await fetch(url, { headers: { accept: 'application/json' } })).json()).toMatchObject({
      body: 1,
    });
  },
  '`CheckOrigin`, `EnableCORS`': async () => {
    const hub = velox.createHub({ origins: ['https://app.example'] });
    const ask = (origin: string): Promise<Response> =>
      hub.fetch(new Request('http://h/sync?velox=3', { headers: { origin, accept: 'text/event-stream' } }));
    expect((await ask('https://evil.example')).status).toBe(403);
    const good = await ask('https://app.example');
    expect(good.headers.get('access-control-allow-origin')).toBe('https://app.example');
    await good.body?.cancel();
    await hub.close();
  },
  '`server.OnNewSocket(fn)`': async () => {
    const names: string[] = [];
    await setUp({ onConnect: ({ name }) => names.push(name) });
    expect(names).toEqual(['ann', 'bob']);
  },
  '`server.GetSocket(id)`, `server.Sockets()`': async () => {
    const rig = await setUp();
    expect(rig.hub.only('ann').sessions()).toEqual([rig.hub.sessions()[0]]);
  },
  '`server.Block(flag)`, `server.IsBlocked()`': async () => {
    const rig = await setUp();
    rig.hub.pause({ retryAfter: 1_000 });
    const eve = await rig.join('eve');
    expect([rig.hub.isPaused(), eve.status.get().reason?.code]).toEqual([true, 'unavailable']);
    rig.hub.resume();
    await rig.go(5_000);
    expect(eve.status.get().state).toBe('open');
  },
  '`server.Release()`': async () => {
    const rig = await setUp();
    const closed = rig.hub.close({ drain: 1_000 });
    await rig.go(6_000);
    await closed;
    expect(rig.hub.stats().sessions).toBe(0);
  },
  '`socket.ID()`, `socket.Value`': async () => {
    const rig = await setUp();
    const ann = rig.of('ann');
    ann.data = { n: 1 };
    expect([ann.name, rig.of('ann').data]).toEqual(['ann', { n: 1 }]);
  },
  '`socket.RemoteAddr()`, `socket.UserAgent()`': async () => {
    const clients: unknown[] = [];
    const hub = velox.createHub({
      trustProxy: 1,
      onConnect: (_, { address, userAgent }) => clients.push([address, userAgent]),
    });
    onTestFinished(() => hub.close());
    const origin = await listen((request, response) => void hub.handle(request, response));
    const headers = { accept: 'text/event-stream', 'user-agent': 'test', 'x-forwarded-for': '203.0.113.7' };
    const { body } = await fetch(`${origin}/?velox=3`, { headers });
    await body?.cancel();
    expect(clients).toEqual([['203.0.113.7', 'test']]);
  },
  '`socket.IsInitialized()`, `socket.IsClosed()`': async () => {
    const life: string[] = [];
    const rig = await setUp({
      onConnect: () => life.push('connect'),
      onDisconnect: () => life.push('disconnect'),
    });
    rig.hub.on('note', () => life.push('note'));
    rig.ann.emit('note', 1);
    await rig.go();
    rig.of('ann').close();
    await rig.go();
    expect(life).toEqual(['connect', 'connect', 'note', 'disconnect']);
  },
  '`socket.Write(data)`, `channel.Write(data)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.ann.channel('golang').onMessage((data) => heard.push(data));
    expect(rig.of('ann').channel('golang').send('yo')).toBe('sent');
    await rig.go();
    expect(heard).toEqual(['yo']);
  },
  '`socket.Read(timeout)`, `socket.OnRead(fn)`, `channel.Read(timeout)`, `channel.OnRead(fn)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig
      .of('ann')
      .channel('golang')
      .onMessage((data) => heard.push(data));
    rig.ann.channel('golang').send('yo');
    await rig.go();
    expect(heard).toEqual(['yo']);
  },
  '`socket.DiscardRead()`, `channel.DiscardRead()`': async () => {
    const rig = await setUp();
    for (let n = 0; n < 100; n++) rig.ann.channel('unread').send(n);
    expect(await heardByServer(rig, () => rig.ann.emit('note', 1))).toEqual([['ann', 1]]);
  },
  '`socket.Channel(name)`, `channel.Socket()`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig
      .of('ann')
      .channel('a')
      .onMessage((data) => heard.push(data));
    rig.ann.channel('b').send(1);
    rig.ann.channel('a').send(2);
    await rig.go();
    expect(heard).toEqual([2]);
  },
  '`socket.Close()`, `socket.OnClose(fn)`, `socket.ClosedChan()`': async () => {
    const ends: unknown[] = [];
    const rig = await setUp({ onDisconnect: ({ name }, reason) => ends.push([name, reason]) });
    rig.of('ann').close('banned');
    await rig.go();
    expect(ends).toEqual([['ann', 'banned']]);
  },
  '`client.version()`, `client.type()`, `client.state()`, `client.socketID()`': async () => {
    const rig = await setUp();
    expect(rig.ann.status.get()).toMatchObject({ transport: 'websocket', state: 'open' });
  },
  '`client.send(data, discardCb)`, `channel.send(data, discardCb)`': async () => {
    const rig = await setUp();
    const dropped = vi.fn();
    expect(rig.ann.channel('m').send(1, { onDrop: dropped })).toBe('sent');
    await rig.go();
    rig.test.inflict({ harm: 'refuse', ms: 60_000, what: ALL });
    await rig.go(100);
    expect(rig.ann.channel('m').send(2, { onDrop: dropped })).toBe('queued');
    await rig.go(40_000);
    expect(dropped).toHaveBeenCalledWith('expired');
  },
  '`client.onMessage(fn)`, `channel.onMessage(fn)`, `client.channel(name)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.ann.channel('m').onMessage((data) => heard.push(data));
    rig.of('ann').channel('m').send(1);
    await rig.go();
    expect(heard).toEqual([1]);
  },
  '`client.on(event, fn)`': async () => {
    const rig = await setUp();
    const states: string[] = [];
    rig.ann.status.subscribe(() => states.push(rig.ann.status.get().state));
    rig.test.inflict({ harm: 'drop' });
    await rig.go(5_000);
    expect(states).toEqual(expect.arrayContaining(['waiting', 'connecting', 'open']));
    expect(rig.ann.dropped.get()).toBe(0);
  },
  '`client.reconnect()`': async () => {
    const rig = await setUp();
    const eve = await rig.join('eve', { retry: 'manual' });
    rig.test.inflict({ harm: 'drop' }, 2);
    await rig.go(10_000);
    eve.reconnect();
    await rig.go(1_000);
    expect(eve.status.get().state).toBe('open');
  },
  '`client.close()`': async () => {
    const rig = await setUp();
    const eve = await rig.join('eve', { retry: 'manual' });
    rig.test.inflict({ harm: 'drop' }, 2);
    await rig.go(1_000);
    eve.close();
    await rig.go(10_000);
    expect(eve.status.get().state).toBe('closed');
  },
  '`forceSocketType`, `reconnect`, `reconnectDelay`, `reconnectAttempts`, `resetSendBufferTimeout`':
    async () => {
      const rig = await setUp();
      const eve = await rig.join('eve', {
        retry: { delay: () => 100, maxAttempts: 2 },
        events: { age: 1_000 },
      });
      rig.test.inflict({ harm: 'refuse', ms: 60_000, what: ALL }, 2);
      await rig.go(100);
      eve.emit('note', 1);
      await rig.go(30_000);
      expect([eve.status.get().state, eve.dropped.get()]).toEqual(['closed', 1]);
      expect(connect('http://h/sync', { transport: 'sse' }).status.get().state).toBe('idle');
    },
});
