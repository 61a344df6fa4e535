import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import * as velox from '../../index.js';
import { STALL, watchStall } from './stall.js';
import { listen } from '../../../test/rig/listen.js';

/** A connection whose near end has been given more than the far end, which does not read, will ever take by itself. */
async function stuffed(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  const [near] = (await once(server, 'connection')) as [Socket];
  for (const socket of [near, far]) socket.on('error', () => undefined);
  near.write(Buffer.alloc(64 << 20));
  return { near, far, close: () => (far.destroy(), near.destroy(), server.close()) };
}

it('a full stream whose peer does not read is destroyed', async () => {
  const { near, close } = await stuffed();
  watchStall(near, 20)(true);
  await once(near, 'close');
  expect(near.destroyed).toBe(true);
  close();
});

it('one that is not full is left alone, however quiet it is', async () => {
  const { near, close } = await stuffed();
  const watch = watchStall(near, 20);
  watch(true);
  watch(false);
  expect([near.destroyed, near.timeout]).toEqual([false, 0]);
  close();
});

const UPGRADE = {
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** A text frame of a client (RFC 6455 §5.2), masked with zeros. */
const masked = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
const OPENING = Buffer.concat(['{"open":{}}', '{"subscribe":[{}]}'].map(masked));

describe.each([
  ['an event stream', { accept: 'text/event-stream' }, Buffer.alloc(0)],
  ['a WebSocket', UPGRADE, OPENING],
])('%s', (_, headers, opening) => {
  it('is watched while it is full', async () => {
    const hub = velox.createHub();
    const state = hub.state('', { n: 0, pad: 'x'.repeat(32 << 20) });
    await using server = await listen(hub.handle);
    const connected = once(server.server, 'connection') as Promise<[Socket]>;
    const client = connect(Number(new URL(server.origin).port), '127.0.0.1').pause();
    client.on('error', () => undefined);
    const lines = Object.entries({ host: 'localhost', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    client.write(`GET /?velox=3 HTTP/1.1\r\n${lines.join('')}\r\n`);
    client.write(opening);
    const [near] = await connected;
    while (!near.timeout) await new Promise((resolve) => setImmediate(resolve));
    expect(near.timeout).toBe(STALL);
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
    client.resume();
    while (near.timeout) await new Promise((resolve) => setImmediate(resolve));
    state.update((draft) => void (draft.n = 1));
    near.emit('timeout'); // what Node says when nothing moves any more
    expect(near.destroyed).toBe(true);
    client.destroy();
  });
});
