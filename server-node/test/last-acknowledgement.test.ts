/** A hub that closes acknowledges the frames that it has taken: the client sends all others to the next server. */
import { expect, it, vi } from 'vitest';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawWebSocket, type Frame } from './rig/raw-client.js';
import { RAW } from './rig/raw-requests.js';

/** The numbers that were acknowledged before the goodbye. */
function acknowledged(frames: readonly Frame[]): unknown[] {
  const end = frames.findIndex((frame) => 'bye' in frame);
  return frames.slice(0, end).flatMap(({ ack }) => (ack === undefined ? [] : [ack]));
}

it.each(['sse', 'polling'] as const)(
  'over %s, the goodbye acknowledges frames of a POST whose answer waits for a debt',
  async (transport) => {
    const hub = velox.createHub({ limits: { rate: 20 } });
    const heard = vi.fn();
    hub.on('save', heard);
    hub.state('', {});
    await using server = await listen(hub.handle);
    const link = RAW[transport](server.origin);
    await link.next();
    link.send({ event: 'save', data: 'x'.repeat(300_000), seq: 1 });
    await vi.waitFor(() => expect(heard).toHaveBeenCalled());
    void hub.close();
    await link.find((frame) => 'bye' in frame);
    expect(acknowledged(link.frames)).toContain(1);
    link.close();
  },
);

it.each(['sse', 'polling'] as const)(
  'over %s, the goodbye acknowledges frames of a POST whose answer is lost on the network',
  async (transport) => {
    const hub = velox.createHub();
    const heard = vi.fn();
    hub.on('save', heard);
    hub.state('', {});
    await using server = await listen((request, response) => {
      if (request.method === 'POST' && request.headers['velox-session']) {
        response.end = () => response;
      }
      void hub.handle(request, response);
    });
    const link = RAW[transport](server.origin);
    await link.next();
    link.send({ event: 'save', data: null, seq: 1 });
    await vi.waitFor(() => expect(heard).toHaveBeenCalled());
    void hub.close();
    await link.find((frame) => 'bye' in frame);
    expect(acknowledged(link.frames)).toContain(1);
    link.close();
  },
);

it('over a WebSocket, the goodbye acknowledges frames of a client that reads slowly', async () => {
  const hub = velox.createHub({ compression: false });
  const heard = vi.fn();
  hub.on('save', heard);
  const big = hub.state('', { pad: '' });
  await using server = await listen(hub.handle);
  const link = rawWebSocket(server.origin);
  link.send([{ open: {} }, { subscribe: [{}] }]);
  await link.next();
  link.pause();
  big.set({ pad: 'x'.repeat(32 << 20) }); // more than all buffers on the way take
  await vi.waitFor(() => expect(hub.stats().waiting).toBeGreaterThan(0));
  link.send({ event: 'save', data: null, seq: 1 });
  link.send({ ping: true, ack: true });
  link.send({ event: 'last', data: null, seq: 0 });
  const last = new Promise((resolve) => hub.on('last', resolve));
  await last;
  void hub.close();
  link.resume();
  await link.find((frame) => 'bye' in frame);
  expect(heard).toHaveBeenCalledTimes(1);
  expect(acknowledged(link.frames)).toContain(1);
});
