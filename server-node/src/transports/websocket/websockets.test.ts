import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../../index.js';
import { listen } from '../../../test/rig/listen.js';
import { rawWebSocket, type RawLink } from '../../../test/rig/raw-client.js';
import { HANDSHAKE, RawConnection } from '../../../test/rig/raw-connection.js';

afterEach(() => void vi.useRealTimers());

/** A hub whose `authorize` answers when the test says so. */
function slowHub(limits: { handshake?: number } = {}): {
  hub: velox.Hub;
  asked: Promise<Socket>;
  authorize: () => void;
} {
  let authorize: () => void = () => undefined;
  const answer = new Promise<void>((resolve) => (authorize = resolve));
  let onAsked: (socket: Socket) => void = () => undefined;
  const asked = new Promise<Socket>((resolve) => (onAsked = resolve));
  const hub = velox.createHub({
    limits,
    authorize({ request }) {
      onAsked((request as { socket: Socket }).socket);
      return answer;
    },
  });
  return { hub, asked, authorize };
}

function open(origin: string): RawLink {
  const link = rawWebSocket(origin);
  onTestFinished(() => link.close());
  link.send({ open: {} });
  return link;
}

describe('a client that is being authorized', () => {
  it('is cut off with more than 16 KiB, which are not kept', async () => {
    const { hub, asked } = slowHub();
    await using server = await listen(hub.handle);
    const link = open(server.origin);
    await asked;
    link.send({ event: 'say', data: randomBytes(64 * 1024).toString('base64'), seq: 1 });
    expect(await link.next()).toMatchObject({ bye: { code: 'too-large' } });
    expect(await link.whenEnded()).toBe('closed 1009 too-large');
  });

  it('has its frames executed afterwards, in order', async () => {
    const { hub, asked, authorize } = slowHub();
    const heard: unknown[] = [];
    hub.on('say', (_, data) => heard.push(data));
    await using server = await listen(hub.handle);
    const link = open(server.origin);
    for (let n = 1; n <= 250; n++) link.send({ event: 'say', data: n, seq: n });
    await asked;
    authorize();
    expect(await link.next()).toHaveProperty('hello');
    link.send({ ping: true, ack: true });
    await link.find((frame) => frame.ack === 250);
    expect(heard).toEqual(Array.from({ length: 250 }, (_, n) => n + 1));
  });

  it('is refused after the time for its authorization', async () => {
    const { hub, asked, authorize } = slowHub({ handshake: 50 });
    await using server = await listen(hub.handle);
    const link = open(server.origin);
    await asked;
    expect(await link.whenEnded()).toBe('closed 4408 timeout');
    authorize();
    await Promise.resolve();
    expect(hub.stats().sessions).toBe(0);
  });
});

it('a thousand silent sockets are closed after the time for a handshake', async () => {
  const state = velox.state({ a: 1 }, { limits: { handshake: 500 } });
  let open = 0;
  await using server = await listen((request, response) => {
    open++;
    void state.handle(request, response).then(() => open--);
  });
  const links = Array.from({ length: 1_000 }, () => rawWebSocket(server.origin));
  const ends = new Set(await Promise.all(links.map((link) => link.whenEnded())));
  expect([...ends]).toEqual(['closed 4408 timeout']);
  await vi.waitFor(() => expect(open).toBe(0));
});

it('a message above 256 KiB is announced, by its bytes on the wire', async () => {
  const hub = velox.createHub();
  hub.state('short', { text: 'x'.repeat(300_000) }); // when compressed
  hub.state('long', { text: randomBytes(300_000).toString('base64') });
  await using server = await listen(hub.handle);
  const link = open(server.origin);
  link.send({ subscribe: [{ topic: 'short' }, { topic: 'long' }] });
  expect(await link.next()).toHaveProperty('hello');
  expect(await link.next()).toMatchObject({ topic: 'short' });
  const { next } = (await link.next()) as { next: number };
  expect(next).toBeGreaterThan(300_000);
  expect(next).toBeLessThan(400_000);
  expect(await link.next()).toMatchObject({ topic: 'long' });
});

describe('close()', () => {
  it('says goodbye in the same words to clients that are not authorized yet', async () => {
    const { hub, asked, authorize } = slowHub();
    await using server = await listen(hub.handle);
    const silent = new RawConnection(server.origin);
    onTestFinished(() => void silent.socket.destroy());
    silent.request(HANDSHAKE);
    await silent.until(/101 Switching Protocols/);
    const waiting = open(server.origin);
    await asked;
    const closed = hub.close();
    expect(await waiting.next()).toMatchObject({ bye: { code: 'going-away' } });
    expect(await waiting.whenEnded()).toBe('closed 1001 going-away');
    expect(await silent.until(/going-away.*going-away/s)).toMatch(/"code":"going-away"/);
    silent.socket.destroy();
    await closed;
    authorize();
    await Promise.resolve();
    expect(hub.stats().sessions).toBe(0);
  });

  it.each(['before it opened a session', 'with a session'])(
    'ends the socket of a peer that does not answer, %s',
    async (when) => {
      const state = velox.state({ a: 1 });
      await using server = await listen(state.handle);
      const accepted = once(server.server, 'connection');
      const raw = new RawConnection(server.origin);
      onTestFinished(() => void raw.socket.destroy());
      raw.request(HANDSHAKE);
      const [socket] = (await accepted) as [Socket];
      await raw.until(/101 Switching Protocols/);
      if (when === 'with a session') {
        raw.socket.write(masked('{"open":{}}'));
        await raw.until(/"hello"/);
      }
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const gone = once(socket, 'close');
      const closed = state.close();
      await raw.until(/going-away.*going-away/s);
      await vi.advanceTimersByTimeAsync(5_000);
      await Promise.all([gone, closed]);
    },
  );
});

/** A short text frame of a client, under the mask 0 (RFC 6455 §5.2). */
function masked(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}
