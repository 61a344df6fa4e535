import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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

describe('buffer', () => {
  it('holds a response back until it ends, with its head', async () => {
    proxy.buffer(true);
    const stream = await rig.openStream();
    stream.write('data: 1\n\n');
    await rig.passTime();
    expect(stream.head).toBe(false);
    stream.server.response.end();
    await until(() => stream.end);
    expect(stream).toMatchObject({ text: 'data: 1\n\n', end: 'complete' });
    expect(await rig.get()).toMatch(/^200/);
  });

  it('lets the head pass where asked to', async () => {
    proxy.buffer(true, { head: false });
    const stream = await rig.openStream();
    stream.write('data: 1\n\n');
    await until(() => stream.head);
    await rig.passTime();
    expect(stream.text).toBe('');
    proxy.buffer(false);
    await until(() => stream.text === 'data: 1\n\n');
  });

  it('releases the held bytes when it is full, and begins again', async () => {
    proxy.buffer(1000, { head: false });
    const stream = await rig.openStream();
    stream.write('a'.repeat(600));
    await rig.passTime();
    expect(stream.text).toBe('');
    stream.write('b'.repeat(600));
    await until(() => stream.text.length === 1200);
    stream.write('c');
    await rig.passTime();
    expect(stream.text).toHaveLength(1200);
    stream.server.response.end();
    await until(() => stream.end === 'complete');
  });

  it('knows where responses end: interim ones, those without a body, those that end with the connection', async () => {
    proxy.buffer(true);
    const raw = await rig.openRaw();
    let text = '';
    raw.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    raw.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na');
    raw.write('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
    raw.write('GET /events HTTP/1.0\r\n\r\n');
    await until(() => seen.streams[0]);
    seen.streams[0]!.response.write('data: 1\n\n');
    await until(() => text.split('HTTP/1.1 ').length === 4); // 100, 200 got a, 200 for HEAD
    await rig.passTime();
    expect(text).toContain('got a');
    expect(text).not.toContain('event-stream');
    seen.streams[0]!.response.end();
    await until(() => text.endsWith('data: 1\n\n'));
  });

  it('does not hold WebSockets', async () => {
    proxy.buffer(true);
    await (await rig.openSocket()).echo('a');
  });
});

describe('dropUpgrades', () => {
  it('answers 400 and leaves the rest alone', async () => {
    const socket = await rig.openSocket();
    proxy.dropUpgrades();
    expect(await rig.refusedWith()).toBe(400);
    expect(seen.sockets).toHaveLength(1);
    expect(await rig.get()).toMatch(/^200/);
    await socket.echo('open before');
    proxy.dropUpgrades(false);
    await rig.openSocket();
    await until(() => proxy.connections === 2);
  });

  it('strips the headers, so that the server answers a plain GET', async () => {
    proxy.dropUpgrades(true, { strip: true });
    expect(await rig.refusedWith()).toBe(200);
    expect(seen.sockets).toHaveLength(0);
  });
});

describe('killStreams', () => {
  it('cuts event streams after their head and nothing else', async () => {
    const socket = await rig.openSocket();
    proxy.killStreams(10);
    const stream = await rig.openStream();
    await until(() => stream.end === 'cut' && stream.server.closed);
    expect(stream.head).toBe(true);
    await socket.echo('a');
    expect(await rig.get()).toMatch(/^200/);
  });

  it('spares a stream that has ended, and takes one that was open before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = await rig.openStream();
    const raw = await rig.openRaw(); // its stream ends, the connection stays
    let last = '';
    raw.setEncoding('utf8').on('data', (chunk: string) => (last = chunk));
    raw.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => seen.streams.length === 2);
    await until(() => stream.head);
    const asked = await rig.openRaw(); // only about a stream
    asked.write('HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(asked, 'data');
    proxy.killStreams(100);
    vi.advanceTimersByTime(99);
    proxy.fragment(false); // another fault begins no period anew
    seen.streams[1]!.response.end();
    await until(() => last.endsWith('0\r\n\r\n'));
    await rig.passTime();
    expect(stream.end).toBeUndefined();
    vi.advanceTimersByTime(1);
    await until(() => stream.end === 'cut');
    await rig.passTime();
    expect(proxy.connections).toBe(2);
    raw.destroy();
    asked.destroy();
  });
});

describe('duplicatePosts', () => {
  it('sends a POST twice and gives one answer', async () => {
    proxy.duplicatePosts();
    rig.target.server.keepAliveTimeout = 0; // never
    expect(await rig.send('POST', '/', 'one')).toBe('200 got one');
    expect(await rig.get('/once')).toMatch(/^200/);
    await until(() => seen.posts.length === 2);
    expect(seen.posts).toEqual(['one', 'one']);
    expect(seen.urls.filter((url) => url === '/once')).toHaveLength(1);
    const connections = promisify(rig.target.server.getConnections.bind(rig.target.server));
    while ((await connections()) > 0) await setImmediate();
    proxy.duplicatePosts(false);
    await rig.send('POST', '/', 'two');
    await rig.passTime();
    expect(seen.posts).toEqual(['one', 'one', 'two']);
  });

  it('knows where requests on one connection end, chunked ones as well', async () => {
    proxy.duplicatePosts();
    const raw = await rig.openRaw();
    let answer = '';
    raw.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    raw.write(
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n' +
        'GET /between HTTP/1.1\r\nHost: x\r\n\r\n' +
        'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nfgh',
    );
    await once(raw, 'end');
    await until(() => seen.posts.length === 4);
    expect(seen.posts.sort()).toEqual(['abcde', 'abcde', 'fgh', 'fgh']);
    expect(answer.match(/got|between/g)).toEqual(['got', 'between', 'got']);
  });
});
