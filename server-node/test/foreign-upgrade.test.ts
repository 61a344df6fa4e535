import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../src/index.js';
import { cert, key } from './rig/certificate.js';
import { listen } from './rig/listen.js';
import { HANDSHAKE, RawConnection } from './rig/raw-connection.js';
import { rawSubscribe } from './rig/raw-client.js';

const state = velox.state({ a: 1 });

function connection(origin: string): RawConnection {
  const raw = new RawConnection(origin);
  onTestFinished(() => void raw.socket.destroy());
  return raw;
}

/** Answers with the length of the body, and with the protocol that the request asks for. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  let length = 0;
  request.on('data', (chunk: Buffer) => (length += chunk.length));
  request.on('end', () => response.end(`${request.headers.upgrade} ${length};`));
}

const H2C = [
  'POST /other HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
];

describe('an upgrade to something else', () => {
  it('is served as a plain request with its body, and the connection goes on', async () => {
    await using server = await listen(echo);
    const raw = connection(server.origin);
    raw.request([...H2C, 'Content-Length: 300000'], 'x'.repeat(100_000));
    raw.socket.write('x'.repeat(200_000));
    await raw.until(/h2c 300000;/);
    raw.request([...H2C, 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n');
    await raw.until(/h2c 5;/);
    raw.request(['GET / HTTP/1.1', 'Host: localhost']);
    expect(await raw.until(/undefined 0;/)).not.toMatch(/connection: close/i);
    expect(server.server.listenerCount('upgrade')).toBe(1);
  });

  it('leaves as many listeners on a connection after 20 requests as after one', async () => {
    const sockets: Socket[] = [];
    const counts: number[] = [];
    await using server = await listen((request, response) => {
      const names = request.socket.eventNames();
      counts.push(Math.max(...names.map((name) => request.socket.listenerCount(name))));
      echo(request, response);
    });
    server.server.on('connection', (socket) => sockets.push(socket));
    const raw = connection(server.origin);
    for (let count = 1; count <= 20; count++) {
      raw.request([...H2C, `Content-Length: ${count}`], 'x'.repeat(count));
      await raw.until(new RegExp(`h2c ${count};`));
    }
    expect(counts[19]).toBe(counts[1]);
  });

  it('is served as a plain request over TLS, too', async () => {
    const server = createHttps({ cert, key }, echo).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const raw = connection(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    raw.request([...H2C, 'Content-Length: 5'], 'hello');
    await raw.until(/h2c 5;/);
  });

  it('reaches an endpoint as a plain request: curl --http2 sends one', async () => {
    await using server = await listen(state.handle);
    const raw = connection(server.origin);
    const body = JSON.stringify([{ open: {} }, { subscribe: [{}] }]);
    raw.request(['POST /sync?velox=3 HTTP/1.1', ...H2C.slice(1), `Content-Length: ${body.length}`], body);
    expect(await raw.until(/"version":1/)).toMatch(/^HTTP\/1.1 200 OK/);
  });

  it('gets a long answer at the pace at which its peer reads', async () => {
    await using server = await listen((_, response) => {
      void pipeline(Readable.from(Array<Buffer>(64).fill(Buffer.alloc(1 << 16, 'x'))), response);
    });
    const raw = connection(server.origin);
    raw.request(['GET / HTTP/1.1', ...H2C.slice(1)]);
    await raw.until(/\r\n0\r\n\r\n$/);
    expect(raw.text.length).toBeGreaterThan(64 << 16);
  });

  it('does not disturb the response to an earlier request of its connection', async () => {
    let first: ServerResponse | undefined;
    await using server = await listen((request, response) => {
      if (request.url === '/first') first = response;
      else echo(request, response);
    });
    const raw = connection(server.origin);
    raw.request(['GET /first HTTP/1.1', 'Host: localhost']);
    raw.request([...H2C, 'Content-Length: 5'], 'hello');
    await vi.waitFor(() => expect(first).toBeDefined());
    first?.end('first;');
    expect(await raw.until(/h2c 5;/)).toMatch(/first;/);
  });
});

describe('a WebSocket', () => {
  it('waits for the answer to an earlier request of its connection', async () => {
    let first: ServerResponse | undefined;
    await using server = await listen((request, response) => {
      if (request.url === '/first') first = response;
      else void state.handle(request, response);
    });
    const raw = connection(server.origin);
    raw.request(['GET /first HTTP/1.1', 'Host: localhost']);
    raw.request(HANDSHAKE);
    await vi.waitFor(() => expect(first).toBeDefined());
    first?.end('first;');
    expect(await raw.until(/101 Switching Protocols/)).toMatch(/first;/);
  });

  it('is forgotten if its peer leaves while it waits', async () => {
    const sockets: Socket[] = [];
    await using server = await listen(() => undefined);
    server.server.on('connection', (socket) => sockets.push(socket));
    const raw = connection(server.origin);
    raw.request(['GET /first HTTP/1.1', 'Host: localhost']);
    raw.request(HANDSHAKE);
    await vi.waitFor(() => expect(sockets[0]?.bytesRead).toBe(raw.socket.bytesWritten));
    raw.socket.resetAndDestroy();
    await new Promise((resolve) => sockets[0]?.once('close', resolve));
  });

  it('gets the whole answer of a refusal, and its socket ends although the peer leaves its half open', async () => {
    await using server = await listen((_, response) => {
      response.writeHead(401);
      void pipeline(Readable.from(Array<Buffer>(64).fill(Buffer.alloc(1 << 16, 'x'))), response);
    });
    const accepted = once(server.server, 'connection');
    const raw = connection(server.origin);
    raw.request(HANDSHAKE);
    const [socket] = (await accepted) as [Socket];
    await Promise.all([once(raw.socket, 'end'), once(socket, 'close')]);
    expect(raw.text).toMatch(/^HTTP\/1.1 401 /);
    expect(raw.text.length).toBeGreaterThan(64 << 16);
  });

  it('loses its connection if a hook of middleware for the head of the answer throws', async () => {
    const failures = vi.fn();
    const hub = velox.createHub({ logger: failures });
    await using server = await listen((request, response) => {
      response.writeHead = () => {
        throw new Error('planted');
      };
      void hub.handle(request, response);
    });
    const raw = connection(server.origin);
    raw.request(HANDSHAKE);
    await once(raw.socket, 'end');
    expect(failures).toHaveBeenCalledWith(expect.objectContaining({ event: 'callback failed' }));
  });

  it('gets 404 for an unknown path of a server that has no other listeners', async () => {
    const server = createHttp().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    state.attach(server, '/live');
    const raw = connection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    raw.request(HANDSHAKE);
    expect(await raw.until(/"not-found"/)).toMatch(/^HTTP\/1.1 404 /);
    raw.socket.end();
    await raw.whenClosed();
  });

  it('waits for an upgrade listener that hands it over later, and gets 404 after 10 s if none does', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    await using server = await listen((_, response) => void response.writeHead(404).end());
    server.server.on('upgrade', (request, socket, head) => {
      if (request.url?.startsWith('/sync'))
        setTimeout(() => void state.upgrade(request, socket, head), 1_000);
    });
    for (let round = 1; round <= 3; round++) {
      const raw = connection(server.origin);
      const seen = once(server.server, 'upgrade');
      raw.request(HANDSHAKE);
      await seen;
      await vi.advanceTimersByTimeAsync(1_000);
      await raw.until(/^HTTP\/1.1 101 /);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(raw.text).not.toContain('404');
    }
    const lost = connection(server.origin);
    const seen = once(server.server, 'upgrade');
    lost.request(HANDSHAKE.map((line) => line.replace('/sync', '/lost')));
    await seen;
    await vi.advanceTimersByTimeAsync(10_000);
    await lost.until(/^HTTP\/1.1 404 /);
  });

  it('is forgotten if its peer leaves before an upgrade listener hands it over', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    await using server = await listen((_, response) => void response.writeHead(404).end());
    server.server.on('upgrade', (request, socket, head) => {
      if (request.url?.startsWith('/sync')) void state.upgrade(request, socket, head);
    });
    const taken = connection(server.origin);
    taken.request(HANDSHAKE);
    await taken.until(/^HTTP\/1.1 101 /); // from now on, the listener comes first
    const before = vi.getTimerCount();
    const accepted = once(server.server, 'connection');
    const lost = connection(server.origin);
    lost.request(HANDSHAKE.map((line) => line.replace('/sync', '/lost')));
    const [socket] = (await accepted) as [Socket];
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(before + 1));
    lost.socket.resetAndDestroy();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(vi.getTimerCount()).toBe(before);
  });

  it('gets 501 with advice if it arrives as a plain request', async () => {
    await using server = await listen(state.handle);
    const raw = connection(server.origin);
    raw.request(HANDSHAKE.map((line) => line.replace('Connection: Upgrade', 'Connection: close')));
    expect(await raw.until(/"upgrade-unavailable".*Connection: Upgrade/)).toMatch(/^HTTP\/1.1 501 /);
  });

  it('gets 501 under Bun, and the log says once that handle() needs attach() there', async () => {
    const versions = { ...process.versions, bun: '1.4.5' };
    vi.stubGlobal('process', Object.create(process, { versions: { value: versions } }));
    onTestFinished(() => void vi.unstubAllGlobals());
    const entries: velox.LogEntry[] = [];
    const hub = velox.createHub({ logger: (entry) => void entries.push(entry) });
    // As in Bun, the request listeners get the handshake, and no upgrade is there to take.
    await using server = await listen(hub.handle);
    for (let count = 0; count < 2; count++) {
      const raw = connection(server.origin);
      raw.request(HANDSHAKE.map((line) => line.replace('Connection: Upgrade', 'Connection: close')));
      expect(await raw.until(/"upgrade-unavailable".*attach\(server, path\)/)).toMatch(/^HTTP\/1.1 501 /);
    }
    expect(entries).toEqual([
      {
        level: 'warn',
        event: 'no upgrade under Bun',
        advice: expect.stringMatching(/event streams\. Call attach\(server, path\)\.$/) as string,
      },
    ]);
  });

  it('is accepted by a server of node:http2 with allowHTTP1, from the second one on', async () => {
    const server = createSecureServer({ cert, key, allowHTTP1: true }, (request, response) => {
      void state.handle(request as never, response as never);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const early = connection(origin);
    early.request(HANDSHAKE);
    expect(await early.until(/upgrade-unavailable/)).toMatch(/^HTTP\/1.1 503 /);
    const next = connection(origin);
    next.request(HANDSHAKE);
    await next.until(/101 Switching Protocols/);
  });

  it('passes shouldUpgradeCallback of newer versions of Node, which keeps its answer for other upgrades', async () => {
    const asked = vi.fn(() => true);
    await using server = await listen(state.handle);
    Object.assign(server.server, { shouldUpgradeCallback: asked });
    expect(await rawSubscribe(server.origin).next()).toHaveProperty('hello');
    const { shouldUpgradeCallback: ask } = server.server as never as {
      shouldUpgradeCallback: (request: { url: string; headers: object }) => boolean;
    };
    const webSocket = { upgrade: 'websocket' };
    expect(ask({ url: '/?velox=3', headers: webSocket })).toBe(true);
    expect(ask({ url: '/hmr', headers: webSocket })).toBe(false);
    expect(asked).not.toHaveBeenCalled();
    server.server.on('upgrade', () => undefined);
    expect(ask({ url: '/hmr', headers: webSocket })).toBe(true);
    expect(asked).toHaveBeenCalledOnce();
  });
});
