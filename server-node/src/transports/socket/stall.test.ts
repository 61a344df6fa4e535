import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as velox from '../../index.js';
import { sendingProgress } from './internals.js';
import { STALL_MS, watchStall } from './stall.js';
import { listen } from '../../../test/rig/listen.js';

/** For work that takes as long as the machine is busy. */
const PATIENCE = { timeout: 10_000 };

afterEach(() => void vi.useRealTimers());

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

/** Lets the system move bytes until it moves no more. */
async function settle(socket: Socket): Promise<void> {
  for (let before; before !== sendingProgress(socket);) {
    before = sendingProgress(socket);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('a full stream whose peer does not read is destroyed after 30 s', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { near, close } = await stuffed();
  await settle(near);
  watchStall(near)(true);
  vi.advanceTimersByTime(STALL_MS - 1);
  expect(near.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  expect(near.destroyed).toBe(true);
  close();
});

it('a full stream whose peer reads slowly is left alone until 30 to 35 s after its last byte', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { near, far, close } = await stuffed();
  watchStall(near)(true);
  for (let turn = 0; turn < 4; turn++) {
    await settle(near);
    vi.advanceTimersByTime(STALL_MS - 5_000);
    const before = sendingProgress(near);
    while (sendingProgress(near) === before) {
      far.resume();
      await new Promise((resolve) => setImmediate(resolve));
      far.pause();
    }
    vi.advanceTimersByTime(5_000);
  }
  await settle(near);
  vi.advanceTimersByTime(STALL_MS - 5_000);
  expect(near.destroyed).toBe(false);
  vi.advanceTimersByTime(10_000);
  expect(near.destroyed).toBe(true);
  close();
});

it('a stream that is not full is left alone, however quiet it is', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { near, close } = await stuffed();
  const watch = watchStall(near);
  watch(true);
  watch(false);
  await settle(near);
  vi.advanceTimersByTime(10 * STALL_MS);
  expect([near.destroyed, vi.getTimerCount()]).toEqual([false, 0]);
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
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const hub = velox.createHub({ heartbeat: Infinity, compression: false });
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
    await vi.waitFor(() => expect(hub.stats().waiting).toBeGreaterThan(0), PATIENCE);
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
    client.resume();
    await vi.waitFor(() => expect(hub.stats().waiting).toBe(0), PATIENCE);
    vi.advanceTimersByTime(2 * STALL_MS);
    expect(near.destroyed).toBe(false);
    client.pause();
    state.set({ n: 1, pad: 'y'.repeat(32 << 20) }); // more than the system takes
    await vi.waitFor(() => expect(hub.stats().waiting).toBeGreaterThan(0), PATIENCE);
    await settle(near);
    vi.advanceTimersByTime(5_000 + STALL_MS);
    expect(near.destroyed).toBe(true);
    client.destroy();
  });
});
