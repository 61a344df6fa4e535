/** Endpoints on a server of node:http2: a browser names its host in another header there. */
import { once } from 'node:events';
import {
  connect,
  constants,
  createSecureServer,
  createServer,
  type ClientHttp2Session,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { memory } from '../src/backplanes/memory/index.js';
import * as velox from '../src/index.js';
import { cert, key } from './rig/certificate.js';

/** Posts frames with the origin of the host; gives the answer's status and body. */
async function post(
  client: ClientHttp2Session,
  host: string,
  frames: object[],
  headers: OutgoingHttpHeaders = {},
): Promise<[number, string]> {
  const stream = client.request({
    ':method': 'POST',
    ':path': '/?velox=3',
    accept: 'application/json',
    origin: `https://${host}`,
    ...headers,
  });
  stream.end(JSON.stringify(frames));
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
  let body = '';
  for await (const chunk of stream.setEncoding('utf8')) body += chunk;
  return [answer[':status'], body];
}

/** Posts the opening of a link by long-polling; gives the answer's status and body. */
async function open(endpoint: velox.Endpoint, headers: OutgoingHttpHeaders): Promise<[number, string]> {
  const server = createSecureServer({ cert, key }, (request, response) => {
    void endpoint.handle(request as never, response as never);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = connect(`https://${host}`, { ca: cert });
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  return post(client, host, [{ open: {} }, { subscribe: [{}] }], headers);
}

it('a page of the own origin may act', async () => {
  const [status, body] = await open(velox.createHub(), {});
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject([{ hello: {} }, { denied: '', code: 'not-found' }]);
});

it('a page of another origin may not', async () => {
  const [status, body] = await open(velox.createHub(), { origin: 'https://evil.example' });
  expect(status).toBe(403);
  expect(body).toContain('bad-origin');
});

it('a page of the own origin may act, too, if its session is on another node', async () => {
  const backplane = memory();
  const hubs = [velox.createHub({ backplane }), velox.createHub({ backplane })] as const;
  const heard = vi.fn();
  hubs[0].on('say', (_, data) => heard(data));
  let hub: velox.Hub = hubs[0];
  const server = createSecureServer({ cert, key }, (request, response) => {
    void hub.handle(request as never, response as never);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = connect(`https://${host}`, { ca: cert });
  onTestFinished(async () => {
    client.destroy();
    server.close();
    await Promise.all(hubs.map((each) => each.close()));
  });
  const [, opened] = await post(client, host, [{ open: {} }]);
  const [{ hello }] = JSON.parse(opened) as [{ hello: { session: string; link: number } }];
  hub = hubs[1];
  const ids = { 'velox-session': hello.session, 'velox-link': `${hello.link}` };
  expect(await post(client, host, [{ event: 'say', data: 1, seq: 1 }], ids)).toEqual([200, '{"ack":1}']);
  expect(heard).toHaveBeenCalledWith(1);
  const [status] = await post(client, host, [], { ...ids, origin: 'https://evil.example' });
  expect(status).toBe(403);
});

it.each(['http', 'https'])(
  '20 requests of each kind share one HTTP/2 connection without a warning, over %s',
  async (protocol) => {
    const warned = vi.fn();
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    const hub = velox.createHub();
    hub.state('', { a: 1 });
    const sockets = new Set<Socket>();
    const listener = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
      sockets.add(request.stream.session?.socket as Socket);
      void hub.handle(request as never, response as never);
    };
    const server = protocol === 'http' ? createServer(listener) : createSecureServer({ cert, key }, listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(`${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`, { ca: cert });
    onTestFinished(() => {
      client.destroy();
      server.close();
    });
    const opening = JSON.stringify([{ open: {} }, { subscribe: [{}] }]);
    const kinds: Record<string, [IncomingHttpHeaders, string?]> = {
      stream: [{ accept: 'text/event-stream' }],
      poll: [{ ':method': 'POST', accept: 'application/json' }, opening],
      value: [{ accept: 'application/json' }],
    };
    let answers = 0;
    for (const [headers, body] of Object.values(kinds)) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const stream = client.request({ ':path': '/?velox=3', ...headers });
          stream.end(body);
          const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
          const [data] = (await once(stream, 'data')) as [Buffer];
          if (answer[':status'] === 200 && data.length > 0) answers++;
        }),
      );
    }
    expect(answers).toBe(60);
    expect(sockets.size).toBe(1);
    expect(warned).not.toHaveBeenCalled();
  },
);

it.each([
  [413, 'is too large', 'x'.repeat(100_000)],
  [408, 'stalls', '['],
])('an answer of %i to a POST whose body %s ends its stream, without a warning', async (status, _, body) => {
  const warned = vi.fn();
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const hub = velox.createHub({ limits: { handshake: 200 } });
  const server = createServer((request, response) => {
    void hub.handle(request as never, response as never);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  const stream = client.request({ ':method': 'POST', ':path': '/?velox=3', accept: 'application/json' });
  const arrived = once(server, 'stream') as Promise<[ServerHttp2Stream]>;
  stream.write(body);
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
  expect(answer[':status']).toBe(status);
  let received = '';
  stream.setEncoding('utf8').on('data', (text: string) => (received += text));
  await once(stream, 'close');
  expect(received).toMatch(/"error".*}}$/);
  const [served] = await arrived;
  await vi.waitFor(() => expect(served.closed).toBe(true));
  expect(warned).not.toHaveBeenCalled();
});

it.each(['stream', 'connection'])(
  'a session ends if its %s was gone before the endpoint got the request',
  async (what) => {
    const hub = velox.createHub();
    hub.state('', { a: 1 });
    const outcomes: Promise<string>[] = [];
    const server = createServer((request, response) => {
      const serve = (): unknown => outcomes.push(hub.handle(request as never, response as never));
      void once(response, 'close').then(serve);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      client.destroy();
      server.close();
    });
    const stream = client.request({ ':path': '/?velox=3', accept: 'text/event-stream' });
    stream.on('error', () => undefined);
    await once(server, 'request');
    if (what === 'stream') stream.close(constants.NGHTTP2_CANCEL);
    else client.destroy();
    await vi.waitFor(() => expect(outcomes).toHaveLength(1));
    await outcomes[0];
    expect(hub.stats()).toMatchObject({ sessions: 0, subscriptions: 0 });
  },
);
