/** Peers that would keep a server from its end: a silent connection, half a request head, a body that stalls. */
import { once } from 'node:events';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps, Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { memory } from '../src/backplanes/memory/index.js';
import * as velox from '../src/index.js';
import { cert, key } from './rig/certificate.js';
import { rawStream, rawSubscribe } from './rig/raw-client.js';
import { RawConnection } from './rig/raw-connection.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const SIGNAL = 'SIGUSR2';

/** Opens a connection on which `text` is sent, and waits until the server has read it. */
async function peer(origin: string, server: Server, text: string): Promise<RawConnection> {
  const event = server instanceof HttpsServer ? 'secureConnection' : 'connection';
  const accepted = once(server, event);
  const raw = new RawConnection(origin);
  onTestFinished(() => void raw.socket.destroy());
  const [socket] = (await accepted) as [{ bytesRead: number }];
  if (text) {
    const before = socket.bytesRead;
    raw.socket.write(text);
    await vi.waitFor(() => expect(socket.bytesRead).toBeGreaterThan(before));
  }
  return raw;
}

const PEERS = {
  silent: '',
  'half a head': 'GET /sync HTTP/1.1\r\nHost: loc',
  'a stalled POST to the endpoint':
    'POST /sync?velox=3 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n[{"open"',
  'a stalled POST to the application':
    'POST /app HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx',
};

const SERVERS: Record<string, (listener: RequestListener) => Server> = {
  http: (listener) => createHttp(listener),
  https: (listener) => createHttps({ cert, key }, listener),
};

async function serve(protocol: string, hub: velox.Hub): Promise<{ server: Server; origin: string }> {
  const create = SERVERS[protocol] as (listener: RequestListener) => Server;
  const server = create((request, response) => {
    if (request.url === '/app') request.resume().once('end', () => response.end());
    else void hub.handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, origin: `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.each(Object.keys(SERVERS))('over %s', (protocol) => {
  it.each(Object.entries(PEERS))(
    'closeOnSignal ends a server within 5 s in spite of a peer that is %s',
    async (_, text) => {
      const hub = velox.createHub();
      const { server, origin } = await serve(protocol, hub);
      const forget = velox.closeOnSignal(hub, server, { signals: [SIGNAL] });
      onTestFinished(forget);
      await peer(origin, server, text);
      const closed = once(server, 'close');
      process.emit(SIGNAL, SIGNAL);
      await vi.advanceTimersByTimeAsync(5_000);
      await closed;
    },
  );
});

it('ends a silent connection and an idle one immediately', async () => {
  const hub = velox.createHub();
  const { server, origin } = await serve('http', hub);
  velox.closeOnSignal(hub, server, { signals: [SIGNAL] });
  await peer(origin, server, '');
  const idle = await peer(origin, server, 'GET /app HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await idle.until(/200 OK/);
  const closed = once(server, 'close');
  process.emit(SIGNAL, SIGNAL);
  await closed; // no timer has advanced
});

describe('close() beside a server that closes', () => {
  it.each(['silent', 'half a head', 'a stalled POST to the endpoint'] as const)(
    'ends the connection of a peer that is %s within 5 s',
    async (name) => {
      const hub = velox.createHub();
      hub.state('', { a: 1 });
      const { server, origin } = await serve('http', hub);
      await rawStream(`${origin}/sync`).next(); // the endpoint has served this server
      await peer(origin, server, PEERS[name]);
      const closed = once(server, 'close');
      void hub.close();
      server.close();
      await vi.advanceTimersByTimeAsync(5_000);
      await closed;
    },
  );

  it('leaves requests of the application and connections of a server that goes on alone', async () => {
    const hub = velox.createHub();
    hub.state('', { a: 1 });
    const { server, origin } = await serve('http', hub);
    await rawSubscribe(`${origin}/sync`).next();
    const half = await peer(origin, server, PEERS['half a head']);
    const app = await peer(origin, server, PEERS['a stalled POST to the application']);
    await hub.close();
    await vi.advanceTimersByTimeAsync(5_000);
    half.socket.write('alhost\r\n\r\n');
    await half.until(/503/);
    server.close();
    await vi.advanceTimersByTimeAsync(5_000);
    app.socket.write('x'.repeat(99));
    await app.until(/200 OK/);
  });
});

it('close() resolves after 2 s although the bus of the backplane never answers', async () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const bus = { limit: Infinity, publish: never, subscribe: never };
  const hub = velox.createHub({ backplane: { ...memory(), bus } });
  const onClosed = vi.fn();
  void hub.close().then(onClosed);
  await vi.advanceTimersByTimeAsync(1_999);
  expect(onClosed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(onClosed).toHaveBeenCalled();
});
