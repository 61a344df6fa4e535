/** One time limit for all entrances: a client that is not authorized in time is refused, and nothing keeps a process from its end. */
import { describe, expect, it, onTestFinished } from 'vitest';
import * as velox from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawWebSocket } from '../rig/raw-client.js';
import { RawConnection } from '../rig/raw-connection.js';

const never = (): Promise<never> => new Promise(() => undefined);
const stuck = (handshake: number): velox.Hub => {
  const hub = velox.createHub({ authorize: never, limits: { handshake } });
  hub.state('', { n: 0 });
  return hub;
};
const OPENING = { method: 'POST', body: '[{"open":{}}]' };
const FRAMES = { method: 'POST', body: '[]', headers: { 'velox-session': 'x' } };

const REQUESTS: readonly [string, string, RequestInit][] = [
  ['a GET for JSON', 'application/json', {}],
  ['an event stream', 'text/event-stream', {}],
  ['an event stream by POST', 'text/event-stream', OPENING],
  ['an opening POST', 'application/json', OPENING],
  ['a POST of a session', 'application/json', FRAMES],
  ['a poll', 'application/json', { headers: { 'velox-session': 'x' } }],
];
const ask = (origin: string, accept: string, init: RequestInit): Promise<Response> =>
  fetch(`${origin}/?velox=3`, { ...init, headers: { ...init.headers, accept } });

describe('authorize that never answers', () => {
  it.each(REQUESTS)('is over in time for %s', async (_, accept, init) => {
    await using server = await listen(stuck(50).handle);
    const response = await ask(server.origin, accept, init);
    expect(response.status).toBe(408);
    expect(await response.json()).toMatchObject({ error: { code: 'timeout' } });
  });

  it('is over in time for fetch', async () => {
    const request = new Request('http://h/?velox=3', { headers: { accept: 'text/event-stream' } });
    expect((await stuck(50).fetch(request)).status).toBe(408);
  });

  it.each(REQUESTS)('is over with close() for %s', async (_, accept, init) => {
    const hub = stuck(60_000);
    await using server = await listen(hub.handle);
    const response = ask(server.origin, accept, init);
    await new Promise((resolve) => server.server.once('request', resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await hub.close();
    expect((await response).status).toBe(503);
  });

  it('is over with close() for a WebSocket', async () => {
    const hub = stuck(60_000);
    await using server = await listen(hub.handle);
    const link = rawWebSocket(server.origin);
    onTestFinished(() => link.close());
    link.send({ open: {} });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await hub.close();
    expect(await link.whenEnded()).toBe('closed 1001 going-away');
  });
});

it('a body that does not arrive in time is refused, and its connection ends', async () => {
  await using server = await listen(stuck(50).handle);
  const peer = new RawConnection(server.origin);
  onTestFinished(() => void peer.socket.destroy());
  peer.request(['POST /?velox=3 HTTP/1.1', 'Host: localhost', 'Content-Length: 1000'], '[{"open"');
  expect(await peer.until(/"timeout"/)).toMatch(/^HTTP\/1.1 408 /);
});
