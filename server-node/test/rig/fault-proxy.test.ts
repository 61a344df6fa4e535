import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createFaultProxy } from './fault-proxy.js';
import { createFaultRig, until, type FaultRig } from './fault-rig.js';

let rig: FaultRig;
let proxy: FaultRig['proxy'];
let seen: FaultRig['seen'];

beforeEach(async () => {
  rig = await createFaultRig();
  ({ proxy, seen } = rig);
});

afterEach(async () => {
  vi.useRealTimers();
  await rig.close();
});

it('cut ends all', async () => {
  const stream = await rig.openStream();
  const socket = await rig.openSocket();
  proxy.cut();
  const [code] = (await once(socket.client, 'close')) as [number];
  expect(code).toBe(1006);
  await until(() => stream.end === 'cut' && stream.server.closed);
  await until(() => socket.server.readyState === WebSocket.CLOSED && proxy.connections === 0);
  expect(await rig.get()).toMatch(/^200/);
});

it('refuse closes the port and opens the same one again; open connections stay open', async () => {
  const socket = await rig.openSocket();
  const { origin } = proxy;
  await proxy.refuse();
  await expect(rig.get()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await socket.echo('still here');
  await proxy.refuse(false);
  expect(proxy.origin).toBe(origin);
  expect(await rig.get()).toMatch(/^200/);
  await Promise.all([proxy.refuse(), proxy.refuse(false), proxy.refuse(), proxy.refuse()]);
  await expect(rig.get()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.heal();
  expect(await rig.get()).toMatch(/^200/);
  await socket.echo('all the time');
});

it('stall keeps all bytes, also that an end has closed, until it is over', async () => {
  const stream = await rig.openStream();
  const socket = await rig.openSocket();
  proxy.stall();
  stream.write('data: 1\n\n');
  socket.client.send('a');
  const late = rig.get('/late');
  const leaving = await rig.openRaw();
  leaving.destroy();
  await until(() => proxy.connections === 4);
  await rig.passTime();
  expect(stream.text).toBe('');
  expect(seen.messages).toEqual([]);
  expect(proxy.connections).toBe(4);
  proxy.stall(false);
  await until(() => stream.text === 'data: 1\n\n');
  await until(() => socket.received.includes('echo a'));
  expect(await late).toBe('200 hello from /late');
  await until(() => proxy.connections === 2);
});

describe('halfOpen', () => {
  it('never notifies the client', async () => {
    const socket = await rig.openSocket();
    const stream = await rig.openStream();
    await until(() => stream.head);
    proxy.halfOpen();
    await until(() => socket.server.readyState === WebSocket.CLOSED && stream.server.closed);
    await proxy.heal();
    socket.client.send('into the void');
    await rig.passTime();
    expect(socket.client.readyState).toBe(WebSocket.OPEN);
    expect(stream.end).toBeUndefined();
    expect(seen.messages).toEqual([]);
    expect(proxy.connections).toBe(2);
    stream.close();
    await until(() => proxy.connections === 1);
    proxy.cut();
    await once(socket.client, 'close');
  });

  it('discards the bytes held back, and notices that the remaining end closes', async () => {
    proxy.buffer(true, { head: false });
    const stream = await rig.openStream();
    stream.write('data: 1\n\n');
    const socket = await rig.openSocket();
    socket.server.pause();
    socket.client.send('x'.repeat(32 * 1024 * 1024)); // more than fits on the way
    await rig.passTime();
    proxy.halfOpen();
    await proxy.heal();
    await rig.passTime();
    expect(stream.text).toBe('');
    socket.client.terminate();
    await until(() => proxy.connections === 1);
  });

  it('does not notify the server', async () => {
    const socket = await rig.openSocket();
    proxy.halfOpen('server');
    await once(socket.client, 'close');
    socket.server.send('into the void');
    await rig.passTime();
    expect(socket.server.readyState).toBe(WebSocket.OPEN);
    expect(await rig.get()).toMatch(/^200/);
    socket.server.terminate();
    await until(() => proxy.connections === 0);
  });
});

it('delay brings each chunk later, each way, and keeps the order when it shrinks', async () => {
  const socket = await rig.openSocket();
  proxy.delay(15);
  const began = performance.now();
  await socket.echo('a');
  expect(performance.now() - began).toBeGreaterThanOrEqual(29); // timers and this clock round differently
  for (const [index, text] of ['b', 'c', 'd', 'e'].entries()) {
    proxy.delay(20 - 5 * index);
    socket.client.send(text);
    await setImmediate();
  }
  await socket.echo('f');
  expect(seen.messages).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  proxy.delay(3_600_000);
  socket.client.send('g');
  await rig.passTime();
  expect(seen.messages).not.toContain('g');
  proxy.delay(0);
  await until(() => seen.messages.includes('g'));
});

it('fragment forwards in pieces, and nothing is lost', async () => {
  proxy.fragment(7);
  const raw = await rig.openRaw();
  const chunks: string[] = [];
  raw.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  raw.write('GET /in/pieces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await once(raw, 'end');
  expect(chunks.join('')).toContain('hello from /in/pieces');
  expect(chunks.length).toBeGreaterThan(1); // how many, the kernel decides
  const socket = await rig.openSocket();
  await socket.echo('long'.repeat(50));
  proxy.fragment(false);
  await socket.echo('short');
});

it('cutIdle cuts after a time without a byte, which each byte restarts', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const socket = await rig.openSocket();
  proxy.cutIdle(100);
  vi.advanceTimersByTime(80);
  await socket.echo('a');
  vi.advanceTimersByTime(80);
  socket.server.ping();
  await once(socket.server, 'pong');
  vi.advanceTimersByTime(99);
  proxy.fragment(false); // another fault begins no period anew
  await rig.passTime();
  expect(socket.client.readyState).toBe(WebSocket.OPEN);
  vi.advanceTimersByTime(1);
  await once(socket.client, 'close');
});

describe('faults and connections', () => {
  it('a fault meets those it is meant for', async () => {
    const before = await rig.openSocket();
    proxy.stall(true, { to: 'existing' });
    const after = await rig.openSocket();
    await after.echo('new');
    before.client.send('existing');
    await after.echo('again');
    expect(seen.messages).toEqual(['new', 'again']);
    await proxy.heal();
    await until(() => before.received.includes('echo existing'));

    proxy.dropUpgrades(true, { to: 'new' });
    proxy.stall(true, { to: 'new' });
    await before.echo('goes on');
    void rig.get('/stalled').catch(() => {});
    await until(() => proxy.connections === 3);
    await before.echo('and on');
    proxy.stall(false, { to: 'new' });
    expect(await rig.refusedWith()).toBe(400);
  });

  it('heal ends them all', async () => {
    await proxy.refuse();
    proxy.delay(3_600_000);
    proxy.buffer(true);
    proxy.fragment(1);
    proxy.dropUpgrades();
    proxy.killStreams(0);
    proxy.cutIdle(3_600_000);
    proxy.duplicatePosts();
    proxy.stall();
    await proxy.heal();
    await (await rig.openSocket()).echo('a');
    expect(await rig.send('POST', '/', 'once')).toBe('200 got once');
    const stream = await rig.openStream();
    stream.write('data: 1\n\n');
    await until(() => stream.text === 'data: 1\n\n');
    await rig.passTime();
    expect(seen.posts).toEqual(['once']);
    expect(stream.end).toBeUndefined();
  });

  it('close leaves no timer behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    proxy.cutIdle(1000);
    proxy.killStreams(1000);
    const stream = await rig.openStream();
    await until(() => stream.head);
    proxy.delay(1000);
    stream.write('a');
    await rig.passTime();
    stream.write('b');
    await rig.passTime();
    await until(() => vi.getTimerCount() === 3);
    await proxy.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('close ends all, once; nothing opens it again', async () => {
    const socket = await rig.openSocket();
    await using other = await createFaultProxy({ port: proxy.port });
    await Promise.all([proxy.close(), proxy.close(), once(socket.client, 'close')]);
    expect(proxy.connections).toBe(0);
    await proxy.heal();
    await expect(rig.get()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(rig.get('/', other.origin)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
