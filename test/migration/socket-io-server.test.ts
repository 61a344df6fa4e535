/** The right sides of the tables for the server in docs/from-socket-io.md. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import diagnostics from 'node:diagnostics_channel';
import { connect } from '@velox/core';
import * as velox from '@velox/server';
import { memory } from '@velox/server/memory';
import express from 'express';
import { expect, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { setUp, testRows } from './rig.js';

/** Serves on a real port. */
async function serve(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function expectValue(url: string): Promise<void> {
  const sync = connect(url, { transport: 'sse' });
  onTestFinished(sync.close);
  const replica = sync.replica<number>('n');
  replica.subscribe(() => undefined);
  await vi.waitFor(() => expect(replica.get()).toBe(1), 10_000);
}

function hubWithValue(): velox.Hub {
  const hub = velox.createHub();
  onTestFinished(() => hub.close());
  hub.state('n', 1);
  return hub;
}

testRows('from-socket-io.md', 'Server', {
  '`new Server(httpServer)`, `io.listen(port)`, `io.attach(httpServer)`, `io.path(path)`': async () => {
    const server = createServer();
    hubWithValue().attach(server, '/own');
    await expectValue(`${await serve(server)}/own`);
  },
  '`io.attachApp(app)`, `io.bind(engine)`': async () => {
    const app = express();
    const hub = hubWithValue();
    app.use('/sync', hub.handle);
    await expectValue(`${await serve(createServer(app))}/sync`);
    const response = await hub.fetch(new Request('http://h/sync?topic=n'));
    expect(await response.json()).toMatchObject({ body: 1 });
  },
  '`io.serveClient()`': async () => {
    const app = express();
    app.get('/velox.js', velox.JS);
    const origin = await serve(createServer(app));
    expect(await (await fetch(`${origin}/velox.js`)).text()).toContain('velox');
  },
  '`io.of(name)`, `io.sockets`, `namespace.name`, `namespace.server`, `parentNamespace.createChild(name)`':
    async () => {
      const rig = await setUp();
      const side: unknown[] = [];
      rig.ann.channel('side').on('note', (data) => side.push(data));
      rig.of('ann').channel('side').emit('note', 1);
      await rig.go();
      expect([side, rig.heard]).toEqual([[1], []]);
    },
  "`io.on('connection', fn)`": async () => {
    const connected: unknown[] = [];
    await setUp({ onConnect: ({ name }, { address }) => connected.push([name, typeof address]) });
    expect(connected.map((each) => (each as string[])[0])).toEqual(['ann', 'bob']);
  },
  '`io.use(fn)`': async () => {
    const rig = await setUp({
      authorize({ token }) {
        if (token === 'eve') throw new velox.VeloxError('forbidden', 'not eve');
        return { id: token };
      },
    });
    const eve = await rig.join('eve');
    expect(eve.status.get().reason?.code).toBe('forbidden');
    expect(rig.ann.status.get().state).toBe('open');
  },
  '`io.emit(event, data)`': async () => {
    const rig = await setUp();
    expect(rig.hub.emit('note', { n: 1 })).toBe(2);
    await rig.go();
    expect(rig.heard.sort()).toEqual(['ann note {"n":1}', 'bob note {"n":1}']);
  },
  '`io.send(data)`, `io.write(data)`': async () => {
    const rig = await setUp();
    rig.hub.emit('message', 1);
    await rig.go();
    expect(rig.heard.sort()).toEqual(['ann message 1', 'bob message 1']);
  },
  '`io.to(room)`, `io.in(room)`': async () => {
    const rig = await setUp();
    void rig.of('bob').join('lobby');
    rig.hub.to('lobby').emit('note', 1);
    await rig.go();
    expect(rig.heard).toEqual(['bob note 1']);
  },
  '`io.to(id)`': async () => {
    const rig = await setUp();
    rig.hub.only('bob').emit('note', 1);
    rig.hub.only(rig.of('ann')).emit('note', 2);
    await rig.go();
    expect(rig.heard.sort()).toEqual(['ann note 2', 'bob note 1']);
  },
  '`io.except(room)`, `io.except(id)`': async () => {
    const rig = await setUp();
    void rig.of('bob').join('lobby');
    rig.hub.notIn('lobby').emit('note', 1);
    rig.hub.except('ann').emit('note', 2);
    await rig.go();
    expect(rig.heard.sort()).toEqual(['ann note 1', 'bob note 2']);
  },
  '`io.volatile`': async () => {
    const rig = await setUp();
    rig.test.inflict({ harm: 'refuse', ms: 1_000, what: ['websocket', 'sse', 'polling', 'post'] });
    await rig.go(500);
    rig.hub.volatile.emit('note', 'lost');
    rig.hub.emit('note', 'kept');
    await rig.go(10_000);
    expect(rig.heard.sort()).toEqual(['ann note "kept"', 'bob note "kept"', 'bob note "lost"']);
  },
  '`io.local`': async () => {
    const backplane = memory();
    const [east, west] = [velox.createHub({ backplane }), velox.createHub({ backplane })];
    expect([east.emit('note', 1), west.sessions()]).toEqual([0, []]);
    await Promise.all([east.close(), west.close()]);
  },
  '`io.compress(false)`': async () => {
    const rig = await setUp({ compression: true });
    rig.hub.emit('note', 'x'.repeat(10_000));
    await rig.go();
    expect(rig.heard).toHaveLength(2);
  },
  '`io.timeout(ms).emit(event, data, ack)`, `io.emitWithAck(event, data)`': async () => {
    const rig = await setUp();
    rig.ann.answer('ask', (data) => [data]);
    rig.bob.answer('ask', () => new Promise(() => undefined));
    const call = rig.hub.call('ask', 1, { timeout: 500 });
    await rig.go(1_000);
    expect((await call).map(({ data, error }) => data ?? error?.code)).toEqual([[1], 'timeout']);
  },
  '`io.fetchSockets()`, `io.allSockets()`, `namespace.sockets`': async () => {
    const rig = await setUp();
    void rig.of('bob').join('lobby');
    expect(rig.hub.sessions().map(({ name }) => name)).toEqual(['ann', 'bob']);
    expect(rig.hub.to('lobby').sessions()).toEqual([rig.of('bob')]);
  },
  '`io.socketsJoin(room)`, `io.socketsLeave(room)`': async () => {
    const rig = await setUp();
    for (const session of rig.hub.sessions()) void session.join('lobby');
    expect(rig.hub.room('lobby').size).toBe(2);
    for (const session of rig.hub.sessions()) session.leave('lobby');
    expect(rig.hub.room('lobby').size).toBe(0);
  },
  '`io.disconnectSockets()`': async () => {
    const rig = await setUp();
    for (const session of rig.hub.sessions()) session.close();
    await rig.go();
    expect([rig.ann, rig.bob].map(({ status }) => status.get().state)).toEqual(['closed', 'closed']);
  },
  '`io.serverSideEmit(event, data)`, `io.serverSideEmitWithAck(event, data)`': async () => {
    const { bus } = memory();
    const heard: string[] = [];
    await bus.subscribe('note', (text) => heard.push(text));
    await bus.publish('note', 'hi');
    await vi.waitFor(() => expect(heard).toEqual(['hi']));
  },
  '`io.adapter(adapter)`': async () => {
    const backplane = memory();
    const [east, west] = [velox.createHub({ backplane }), velox.createHub({ backplane })];
    onTestFinished(async () => void (await Promise.all([east.close(), west.close()])));
    const states = [east, west].map((hub) => hub.shared('stock', { count: 100 }));
    await states[0]?.update((draft) => void draft.count--);
    await vi.waitFor(() => expect(states[1]?.get()).toEqual({ count: 99 }));
  },
  '`io.engine`, `io.httpServer`': async () => {
    const rig = await setUp();
    expect(rig.hub.stats()).toMatchObject({ sessions: 2, away: 0 });
  },
  '`io.encoder`, `parser`': async () => {
    const rig = await setUp();
    const texts: string[] = [];
    rig.ann.onFrame((_, text) => void texts.push(text));
    rig.hub.emit('note', 1);
    await rig.go();
    expect(texts.map((text) => JSON.parse(text) as unknown)).toContainEqual(
      expect.objectContaining({ event: 'note', data: 1 }),
    );
  },
  '`io.connectTimeout(ms)`': async () => {
    const authorize = (): Promise<never> => new Promise(() => undefined);
    const rig = await setUp({ authorize, limits: { handshake: 1_000 } });
    await rig.go(2_000);
    expect(rig.ann.status.get().reason?.code).toBe('timeout');
  },
  '`io.close()`': async () => {
    const rig = await setUp();
    const closed = rig.hub.close({ drain: 1_000 });
    await rig.go();
    expect(rig.ann.status.get()).toMatchObject({ state: 'waiting', reason: { code: 'going-away' } });
    await rig.go(6_000);
    await closed;
  },
});

testRows('from-socket-io.md', 'A socket of the server', {
  '`socket.id`': async () => {
    const rig = await setUp({ name: () => undefined });
    const names = rig.hub.sessions().map(({ name }) => name);
    expect(new Set(names).size).toBe(2);
    expect(rig.hub.only(names).sessions()).toHaveLength(2);
  },
  '`socket.handshake`, `socket.request`, `socket.client`, `socket.conn`': async () => {
    const clients: unknown[] = [];
    const rig = await setUp({
      onConnect: (_, { userAgent, header }) => clients.push([typeof userAgent, typeof header]),
    });
    expect(clients).toHaveLength(2);
    expect((clients[0] as string[])[1]).toBe('function');
    expect(rig.of('ann').transport).toBe('websocket');
  },
  '`socket.nsp`': async () => {
    const rig = await setUp();
    rig.hub.on('note', () => rig.hub.emit('note', 'to all'));
    rig.ann.emit('note', 1);
    await rig.go();
    expect(rig.heard).toHaveLength(2);
  },
  '`socket.data`': async () => {
    const rig = await setUp({ onConnect: (session) => void (session.data = { n: 1 }) });
    expect([rig.of('ann').data, rig.of('ann').context]).toEqual([{ n: 1 }, { id: 'ann' }]);
  },
  '`socket.connected`, `socket.disconnected`': async () => {
    const rig = await setUp();
    const ann = rig.of('ann');
    expect(ann.transport !== undefined).toBe(true);
    rig.ann.close();
    await rig.go();
    expect(ann.transport !== undefined).toBe(false);
  },
  '`socket.recovered`': async () => {
    const absences: unknown[] = [];
    const rig = await setUp({
      onReconnect: (_, { recovered, dropped }) => absences.push({ recovered, dropped }),
    });
    rig.test.inflict({ harm: 'drop' });
    await rig.go(5_000);
    expect(absences).toEqual([{ recovered: true, dropped: 0 }]);
  },
  '`socket.rooms`': async () => {
    const rig = await setUp();
    void rig.of('ann').join(['a', 'b']);
    expect(rig.of('ann').rooms).toEqual(['a', 'b']);
  },
  '`socket.emit(event, data)`': async () => {
    const rig = await setUp();
    rig.of('ann').emit('note', 1);
    await rig.go();
    expect(rig.heard).toEqual(['ann note 1']);
  },
  '`socket.send(data)`, `socket.write(data)`': async () => {
    const rig = await setUp();
    rig.of('ann').emit('message', 1);
    await rig.go();
    expect(rig.heard).toEqual(['ann message 1']);
  },
  '`socket.emitWithAck(event, data)`, `socket.timeout(ms).emit(event, data, ack)`': async () => {
    const rig = await setUp();
    rig.ann.answer('ask', (data) => [data]);
    const call = rig.of('ann').call('ask', 1, { timeout: 500 });
    await rig.go();
    expect(await call).toEqual([1]);
  },
  '`socket.on(event, fn)`, `socket.once(event, fn)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.hub.on('note', (session, data) => heard.push(['on', session.name, data]));
    rig.hub.once('note', (session, data) => heard.push(['once', session.name, data]));
    rig.ann.emit('note', 1);
    rig.ann.emit('note', 2);
    await rig.go();
    expect(heard).toEqual([
      ['on', 'ann', 1],
      ['once', 'ann', 1],
      ['on', 'ann', 2],
    ]);
  },
  '`socket.on(event, (data, ack) => ack(reply))`': async () => {
    const rig = await setUp();
    rig.hub.answer('ask', (session, data) => [session.name, data]);
    const call = rig.ann.call('ask', 1);
    await rig.go();
    expect(await call).toEqual(['ann', 1]);
  },
  '`socket.off(event, fn)`, `socket.removeAllListeners(event)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    const off = rig.hub.on('note', (_, data) => heard.push(data));
    off();
    rig.ann.emit('note', 1);
    await rig.go();
    expect(heard).toEqual([]);
  },
  '`socket.onAny(fn)`, `socket.prependAny(fn)`, `socket.offAny(fn)`, `socket.listenersAny()`': async () => {
    const unknown: unknown[] = [];
    const rig = await setUp({ onUnknown: (session, name, data) => unknown.push([session.name, name, data]) });
    rig.ann.emit('any', 1);
    await rig.go();
    expect(unknown).toEqual([['ann', 'any', 1]]);
  },
  '`socket.onAnyOutgoing(fn)`, `socket.prependAnyOutgoing(fn)`, `socket.offAnyOutgoing(fn)`, `socket.listenersAnyOutgoing()`':
    async () => {
      const rig = await setUp();
      const delivered = vi.fn();
      diagnostics.subscribe('velox:deliver', delivered);
      onTestFinished(() => void diagnostics.unsubscribe('velox:deliver', delivered));
      rig.hub.emit('note', 1);
      await rig.go();
      expect(delivered).toHaveBeenCalledWith({ sessions: 2 }, 'velox:deliver');
    },
  '`socket.use(fn)`': async () => {
    const rig = await setUp();
    const heard: unknown[] = [];
    rig.hub.on('note', z.object({ text: z.string() }), (_, { text }) => heard.push(text));
    rig.ann.emit('note', { text: 'hi' });
    rig.ann.emit('note', { text: 7 });
    await rig.go();
    expect([heard, rig.hub.stats().invalid]).toEqual([['hi'], 1]);
  },
  '`socket.join(room)`, `socket.leave(room)`': async () => {
    const rig = await setUp();
    void rig.of('ann').join('lobby');
    expect(rig.hub.room('lobby').sessions()).toEqual([rig.of('ann')]);
    rig.of('ann').leave('lobby');
    expect(rig.hub.room('lobby').size).toBe(0);
  },
  '`socket.to(room)`, `socket.in(room)`': async () => {
    const rig = await setUp();
    for (const session of rig.hub.sessions()) void session.join('lobby');
    rig.of('ann').to('lobby').emit('note', 1);
    await rig.go();
    expect(rig.heard).toEqual(['bob note 1']);
  },
  '`socket.broadcast`, `socket.except(room)`': async () => {
    const rig = await setUp();
    await rig.join('eve');
    void rig.of('bob').join('lobby');
    rig.of('ann').broadcast.emit('note', 1);
    rig.of('ann').broadcast.notIn('lobby').emit('note', 2);
    await rig.go();
    expect(rig.heard.sort()).toEqual(['bob note 1', 'eve note 1', 'eve note 2']);
  },
  '`socket.volatile`': async () => {
    const rig = await setUp();
    rig.hub.only(rig.of('ann')).volatile.emit('note', 1);
    await rig.go();
    expect(rig.heard).toEqual(['ann note 1']);
  },
  '`socket.local`, `socket.compress(false)`': async () => {
    const rig = await setUp();
    rig.of('ann').emit('note', 1);
    await rig.go();
    expect(rig.heard).toEqual(['ann note 1']);
  },
  '`socket.disconnect()`': async () => {
    const rig = await setUp();
    rig.of('ann').close('banned', 'Too many messages.');
    await rig.go();
    expect(rig.ann.status.get()).toMatchObject({ state: 'closed', reason: { code: 'banned' } });
  },
  "`socket.on('disconnect', fn)`, `socket.on('disconnecting', fn)`": async () => {
    const ends: unknown[] = [];
    const rig = await setUp({
      patience: 1_000,
      onAway: ({ name }) => ends.push(['away', name]),
      onDisconnect: ({ name, rooms }, reason) => ends.push(['gone', name, rooms, reason]),
    });
    void rig.of('ann').join('lobby');
    rig.ann.close();
    await rig.go(2_000);
    expect(ends).toEqual([
      ['away', 'ann'],
      ['gone', 'ann', ['lobby'], 'lost'],
    ]);
  },
  "`socket.on('error', fn)`": async () => {
    const rig = await setUp();
    rig.hub.on('note', () => {
      throw new Error('of the handler');
    });
    rig.ann.emit('note', 1);
    await rig.go();
    expect(rig.log).toContainEqual(expect.objectContaining({ level: 'error', name: 'note' }));
  },
});
