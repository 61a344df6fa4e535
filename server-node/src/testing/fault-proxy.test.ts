import { once } from 'node:events';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createFaultProxy, type FaultProxy } from './fault-proxy.js';
import { listen, type Listening } from './listen.js';

/** What the server behind the proxy has seen. */
let seen: {
  posts: string[];
  streams: { response: ServerResponse; closed: boolean }[];
  sockets: WebSocket[];
  messages: string[];
};
let target: Listening;
let proxy: FaultProxy;

beforeEach(async () => {
  seen = { posts: [], streams: [], sockets: [], messages: [] };
  target = await listen((incoming, response) => {
    if (incoming.method === 'POST') return void receivePost(incoming, response);
    if (incoming.url !== '/events') return void response.end(`hello from ${incoming.url}`);
    const stream = { response, closed: false };
    response.once('close', () => (stream.closed = true));
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    seen.streams.push(stream);
  });
  new WebSocketServer({ server: target.server }).on('connection', (socket) => {
    seen.sockets.push(socket);
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => {
      seen.messages.push(data.toString());
      socket.send(`echo ${data.toString()}`);
    });
  });
  proxy = await createFaultProxy({ port: Number(new URL(target.origin).port) });
});

afterEach(async () => {
  vi.useRealTimers();
  await proxy.close();
  await target.close();
});

async function receivePost(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of incoming.setEncoding('utf8')) body += chunk as string;
  seen.posts.push(body);
  response.end(`got ${body}`);
}

/** Waits as long as it takes; the test's own limit is the only one. */
async function until(holds: () => unknown): Promise<void> {
  while (!holds()) await setImmediate();
}

/** Longer than a byte takes through the proxy: whole exchanges past it. */
async function passTime(): Promise<void> {
  for (let i = 0; i < 5; i++) await get('/', target.origin);
}

async function send(method: string, path: string, body: string, origin = proxy.origin): Promise<string> {
  const outgoing = request(origin + path, { method, agent: false });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
  return `${response.statusCode} ${text}`;
}

const get = (path = '/', origin?: string): Promise<string> => send('GET', path, '', origin);

interface Stream {
  head: boolean;
  text: string;
  /** How it ended, if it did. */
  end: 'complete' | 'cut' | undefined;
  /** Writes at the server's end. */
  write(text: string): void;
  readonly server: { readonly response: ServerResponse; readonly closed: boolean };
  close(): void;
}

/** Opens an event stream through the proxy; returns when the server has it, which may be before the client has. */
async function openStream(): Promise<Stream> {
  const index = seen.streams.length;
  const outgoing = request(`${proxy.origin}/events`, { agent: false });
  const stream: Partial<Stream> = { head: false, text: '', end: undefined, close: () => outgoing.destroy() };
  outgoing.on('error', () => (stream.end = 'cut'));
  outgoing.on('response', (response) => {
    stream.head = true;
    response.setEncoding('utf8').on('data', (chunk: string) => (stream.text += chunk));
    response.on('end', () => (stream.end = 'complete'));
    response.on('error', () => (stream.end = 'cut'));
  });
  outgoing.end();
  await until(() => seen.streams[index]);
  const server = seen.streams[index]!;
  return Object.assign(stream as Stream, {
    server,
    write: (text: string) => void server.response.write(text),
  });
}

interface Socketed {
  readonly client: WebSocket;
  readonly server: WebSocket;
  readonly received: string[];
  /** Sends and waits for the echo. */
  echo(text: string): Promise<void>;
}

async function openSocket(): Promise<Socketed> {
  const client = new WebSocket(proxy.origin.replace('http', 'ws'));
  const received: string[] = [];
  client.on('error', () => {});
  client.on('message', (data: Buffer) => received.push(data.toString()));
  await once(client, 'open');
  const echo = async (text: string): Promise<void> => {
    client.send(text);
    await until(() => received.includes(`echo ${text}`));
  };
  return { client, server: seen.sockets.at(-1)!, received, echo };
}

/** Opens a WebSocket that is to be refused. */
async function refusedWith(): Promise<number | undefined> {
  const client = new WebSocket(proxy.origin.replace('http', 'ws'));
  const [outgoing, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage];
  client.on('error', () => {});
  (outgoing as { destroy(): void }).destroy();
  return response.statusCode;
}

describe('without a fault', () => {
  it('nothing is to be noticed', async () => {
    expect(await get('/a')).toBe('200 hello from /a');
    expect(await send('POST', '/', 'x'.repeat(300_000))).toBe(`200 got ${'x'.repeat(300_000)}`);
    const stream = await openStream();
    const socket = await openSocket();
    stream.write('data: 1\n\n');
    await until(() => stream.text === 'data: 1\n\n');
    await socket.echo('a');
    await until(() => proxy.connections === 2);
    stream.server.response.end('data: 2\n\n');
    await until(() => stream.end);
    expect(stream).toMatchObject({ text: 'data: 1\n\ndata: 2\n\n', end: 'complete' });
    socket.client.close(4001, 'bye');
    expect((await once(socket.server, 'close'))[0]).toBe(4001);
    await until(() => proxy.connections === 0);
  });

  it('a client that goes is gone for the server', async () => {
    const stream = await openStream();
    stream.close();
    await until(() => stream.server.closed);
    await until(() => proxy.connections === 0);
  });

  it('a client that does not read holds up the server', async () => {
    const stream = await openStream();
    const raw = connect(proxy.port, '127.0.0.1');
    raw.pause().write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => seen.streams.length === 2);
    const { response } = seen.streams[1]!;
    const block = 'x'.repeat(1024 * 1024);
    let written = 0;
    while (written < 200 && !response.writableNeedDrain) {
      while (written < 200 && response.write(block)) written++;
      written++;
      await passTime();
    }
    expect(written).toBeLessThan(200);
    stream.write('others go on');
    await until(() => stream.text === 'others go on');
    raw.destroy();
  });

  it('a target that is not there resets the connection, until it is back', async () => {
    await target.close();
    await expect(get()).rejects.toMatchObject({ code: 'ECONNRESET' });
    target = await listen((_, response) => void response.end('back'), Number(new URL(target.origin).port));
    expect(await get()).toBe('200 back');
  });

  it('what is not HTTP passes', async () => {
    const raw = connect(proxy.port, '127.0.0.1');
    raw.write('\x16\x03\x01');
    const [answer] = (await once(raw, 'data')) as [Buffer];
    expect(answer.toString()).toContain('400 Bad Request');
    raw.destroy();
  });
});

it('cut ends all', async () => {
  const stream = await openStream();
  const socket = await openSocket();
  proxy.cut();
  const [code] = (await once(socket.client, 'close')) as [number];
  expect(code).toBe(1006);
  await until(() => stream.end === 'cut' && stream.server.closed);
  await until(() => socket.server.readyState === WebSocket.CLOSED && proxy.connections === 0);
  expect(await get()).toMatch(/^200/);
});

it('refuse closes the port and opens the same one again; what is open stays open', async () => {
  const socket = await openSocket();
  const { origin } = proxy;
  await proxy.refuse();
  await expect(get()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await socket.echo('still here');
  await proxy.refuse(false);
  expect(proxy.origin).toBe(origin);
  expect(await get()).toMatch(/^200/);
  await Promise.all([proxy.refuse(), proxy.refuse(false), proxy.refuse(), proxy.refuse()]);
  await expect(get()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.heal();
  expect(await get()).toMatch(/^200/);
  await socket.echo('all the time');
});

it('stall keeps all bytes, also that an end has closed, until it is over', async () => {
  const stream = await openStream();
  const socket = await openSocket();
  proxy.stall();
  stream.write('data: 1\n\n');
  socket.client.send('a');
  const late = get('/late');
  const leaving = await openSocketRaw();
  leaving.destroy();
  await until(() => proxy.connections === 4);
  await passTime();
  expect(stream.text).toBe('');
  expect(seen.messages).toEqual([]);
  expect(proxy.connections).toBe(4);
  proxy.stall(false);
  await until(() => stream.text === 'data: 1\n\n');
  await until(() => socket.received.includes('echo a'));
  expect(await late).toBe('200 hello from /late');
  await until(() => proxy.connections === 2);
});

async function openSocketRaw(): Promise<Socket> {
  const raw = connect(proxy.port, '127.0.0.1');
  await once(raw, 'connect');
  return raw;
}

describe('halfOpen', () => {
  it('leaves the client in the dark, for ever', async () => {
    const socket = await openSocket();
    const stream = await openStream();
    await until(() => stream.head);
    proxy.halfOpen();
    await until(() => socket.server.readyState === WebSocket.CLOSED && stream.server.closed);
    await proxy.heal();
    socket.client.send('into the void');
    await passTime();
    expect(socket.client.readyState).toBe(WebSocket.OPEN);
    expect(stream.end).toBeUndefined();
    expect(seen.messages).toEqual([]);
    expect(proxy.connections).toBe(2);
    stream.close();
    await until(() => proxy.connections === 1);
    proxy.cut();
    await once(socket.client, 'close');
  });

  it('leaves the server in the dark', async () => {
    const socket = await openSocket();
    proxy.halfOpen('server');
    await once(socket.client, 'close');
    socket.server.send('into the void');
    await passTime();
    expect(socket.server.readyState).toBe(WebSocket.OPEN);
    expect(await get()).toMatch(/^200/);
    socket.server.terminate();
    await until(() => proxy.connections === 0);
  });
});

it('delay brings each chunk later, each way, and keeps the order when it shrinks', async () => {
  const socket = await openSocket();
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
  await passTime();
  expect(seen.messages).not.toContain('g');
  proxy.delay(0);
  await until(() => seen.messages.includes('g'));
});

describe('buffer', () => {
  it('holds a response back until it ends, with its head', async () => {
    proxy.buffer(true);
    const stream = await openStream();
    stream.write('data: 1\n\n');
    await passTime();
    expect(stream.head).toBe(false);
    stream.server.response.end();
    await until(() => stream.end);
    expect(stream).toMatchObject({ text: 'data: 1\n\n', end: 'complete' });
    expect(await get()).toMatch(/^200/);
  });

  it('lets the head pass where asked to', async () => {
    proxy.buffer(true, { head: false });
    const stream = await openStream();
    stream.write('data: 1\n\n');
    await until(() => stream.head);
    await passTime();
    expect(stream.text).toBe('');
    proxy.buffer(false);
    await until(() => stream.text === 'data: 1\n\n');
  });

  it('gives out what it has when it is full, and begins again', async () => {
    proxy.buffer(1000, { head: false });
    const stream = await openStream();
    stream.write('a'.repeat(600));
    await passTime();
    expect(stream.text).toBe('');
    stream.write('b'.repeat(600));
    await until(() => stream.text.length === 1200);
    stream.write('c');
    await passTime();
    expect(stream.text).toHaveLength(1200);
    stream.server.response.end();
    await until(() => stream.end === 'complete');
  });

  it('does not hold WebSockets', async () => {
    proxy.buffer(true);
    await (await openSocket()).echo('a');
  });
});

it('fragment forwards in pieces, and nothing is lost', async () => {
  proxy.fragment(7);
  const raw = await openSocketRaw();
  const chunks: string[] = [];
  raw.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  raw.write('GET /in/pieces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await once(raw, 'end');
  expect(chunks.join('')).toContain('hello from /in/pieces');
  expect(chunks.length).toBeGreaterThan(1); // how many, the kernel decides
  const socket = await openSocket();
  await socket.echo('long'.repeat(50));
  proxy.fragment(false);
  await socket.echo('short');
});

describe('dropUpgrades', () => {
  it('answers 400 and leaves the rest alone', async () => {
    const socket = await openSocket();
    proxy.dropUpgrades();
    expect(await refusedWith()).toBe(400);
    expect(seen.sockets).toHaveLength(1);
    expect(await get()).toMatch(/^200/);
    await socket.echo('open before');
    proxy.dropUpgrades(false);
    await openSocket();
    await until(() => proxy.connections === 2);
  });

  it('strips the headers, so that the server answers a plain GET', async () => {
    proxy.dropUpgrades(true, { strip: true });
    expect(await refusedWith()).toBe(200);
    expect(seen.sockets).toHaveLength(0);
  });
});

describe('killStreams', () => {
  it('cuts event streams after their head and nothing else', async () => {
    const socket = await openSocket();
    proxy.killStreams(10);
    const stream = await openStream();
    await until(() => stream.end === 'cut' && stream.server.closed);
    expect(stream.head).toBe(true);
    await socket.echo('a');
    expect(await get()).toMatch(/^200/);
  });

  it('spares a stream that has ended, and takes one that was open before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = await openStream();
    const raw = await openSocketRaw(); // its stream ends, the connection stays
    raw.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => seen.streams.length === 2);
    await until(() => stream.head);
    proxy.killStreams(100);
    vi.advanceTimersByTime(99);
    seen.streams[1]!.response.end();
    await until(() => raw.bytesRead > 0);
    await passTime();
    expect(stream.end).toBeUndefined();
    vi.advanceTimersByTime(1);
    await until(() => stream.end === 'cut');
    expect(proxy.connections).toBe(1);
    raw.destroy();
  });
});

it('cutIdle cuts after a time without a byte, and each byte begins it anew', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const socket = await openSocket();
  proxy.cutIdle(100);
  vi.advanceTimersByTime(80);
  await socket.echo('a');
  vi.advanceTimersByTime(80);
  socket.server.ping();
  await once(socket.client, 'ping');
  await passTime(); // the pong
  vi.advanceTimersByTime(99);
  await passTime();
  expect(socket.client.readyState).toBe(WebSocket.OPEN);
  vi.advanceTimersByTime(1);
  await once(socket.client, 'close');
});

describe('duplicatePosts', () => {
  it('sends a POST twice and gives one answer', async () => {
    proxy.duplicatePosts();
    expect(await send('POST', '/', 'one')).toBe('200 got one');
    expect(await get()).toMatch(/^200/);
    await until(() => seen.posts.length === 2);
    expect(seen.posts).toEqual(['one', 'one']);
    proxy.duplicatePosts(false);
    await send('POST', '/', 'two');
    await passTime();
    expect(seen.posts).toEqual(['one', 'one', 'two']);
  });

  it('knows where requests on one connection end, chunked ones as well', async () => {
    proxy.duplicatePosts();
    const raw = await openSocketRaw();
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

describe('faults and connections', () => {
  it('a fault meets those it is meant for', async () => {
    const before = await openSocket();
    proxy.stall(true, { to: 'existing' });
    const after = await openSocket();
    await after.echo('new');
    before.client.send('existing');
    await after.echo('again');
    expect(seen.messages).toEqual(['new', 'again']);
    await proxy.heal();
    await until(() => before.received.includes('echo existing'));

    proxy.dropUpgrades(true, { to: 'new' });
    proxy.stall(true, { to: 'new' });
    await before.echo('goes on');
    void get('/stalled').catch(() => {});
    await until(() => proxy.connections === 3);
    await before.echo('and on');
    proxy.stall(false, { to: 'new' });
    expect(await refusedWith()).toBe(400);
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
    await (await openSocket()).echo('a');
    expect(await send('POST', '/', 'once')).toBe('200 got once');
    const stream = await openStream();
    stream.write('data: 1\n\n');
    await until(() => stream.text === 'data: 1\n\n');
    await passTime();
    expect(seen.posts).toEqual(['once']);
    expect(stream.end).toBeUndefined();
  });

  it('close ends all, once; nothing opens it again', async () => {
    const socket = await openSocket();
    await using other = await createFaultProxy({ port: proxy.port });
    await Promise.all([proxy.close(), proxy.close(), once(socket.client, 'close')]);
    expect(proxy.connections).toBe(0);
    await proxy.heal();
    await expect(get()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(get('/', other.origin)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
