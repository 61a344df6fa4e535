/** The end of servers of node:http2. A connection of theirs brings many requests, and outlives them. */
import { once } from 'node:events';
import { connect, createSecureServer, createServer, type ClientHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../src/index.js';
import { cert, key } from './rig/certificate.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const SIGNAL = 'SIGUSR2';

type Handle = velox.Endpoint['handle'];

const SERVERS = {
  http: (handle: Handle) =>
    createServer((request, response) => void handle(request as never, response as never)),
  https: (handle: Handle) =>
    createSecureServer({ cert, key, allowHTTP1: true }, (request, response) => {
      void handle(request as never, response as never);
    }),
};

describe.each(Object.keys(SERVERS) as (keyof typeof SERVERS)[])('HTTP/2 over %s', (protocol) => {
  /** A server whose path /app echoes a body, and a client of it. */
  const serve = async (
    hub: velox.Hub,
    signals?: NodeJS.Signals[],
  ): Promise<{ server: ReturnType<(typeof SERVERS)['http']>; client: ClientHttp2Session }> => {
    const server = SERVERS[protocol]((request, response) => {
      if (request.url !== '/app') return hub.handle(request, response);
      request.pipe(response);
      return Promise.resolve('');
    });
    if (signals) onTestFinished(velox.closeOnSignal(hub, server, { signals }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(`${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`, { ca: cert });
    client.on('error', () => undefined);
    onTestFinished(() => {
      client.destroy();
      server.close();
    });
    return { server, client };
  };

  it.each(['idle', 'watching'])(
    'closeOnSignal ends the connection of a client that is %s immediately',
    async (what) => {
      const hub = velox.createHub();
      hub.state('', { a: 1 });
      const { server, client } = await serve(hub, [SIGNAL]);
      const accept = what === 'idle' ? 'application/json' : 'text/event-stream';
      const stream = client.request({ ':path': '/?velox=3', accept });
      await once(stream, 'data');
      if (what === 'idle') await once(stream.resume(), 'close');
      const closed = once(server, 'close');
      process.emit(SIGNAL, SIGNAL);
      await closed; // no timer has advanced
    },
  );

  it('closeOnSignal ends the connection of a client whose request stalls within 5 s', async () => {
    const hub = velox.createHub();
    const { server, client } = await serve(hub, [SIGNAL]);
    const stalled = client.request({ ':path': '/app', ':method': 'POST' });
    stalled.on('error', () => undefined).write('x');
    await once(stalled, 'data');
    const closed = once(server, 'close');
    process.emit(SIGNAL, SIGNAL);
    await vi.advanceTimersByTimeAsync(5_000);
    await closed;
  });

  it('close() beside a server that closes lets requests of the application finish, then ends their connection', async () => {
    const hub = velox.createHub();
    hub.state('', { a: 1 });
    const { server, client } = await serve(hub);
    await text(client.request({ ':path': '/', accept: 'application/json' }));
    const slow = client.request({ ':path': '/app', ':method': 'POST' });
    slow.write('x');
    await once(slow, 'response');
    const closed = once(server, 'close');
    void hub.close();
    server.close();
    await vi.advanceTimersByTimeAsync(5_000);
    slow.end('y');
    expect(await text(slow)).toBe('xy');
    await closed;
  });
});
