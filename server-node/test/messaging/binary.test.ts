/** Bytes in messages, with real clients over every transport. */
import { connect } from '@velox/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createHub } from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawWebSocket } from '../rig/raw-client.js';

const LARGE = new Uint8Array(64 * 1024).map((_, at) => (at * 31) >> 3);
const SENT = { part: Buffer.from([1, 2, 3]), deep: [{ buffer: new Uint8Array([4, 5]).buffer }], LARGE };
const RECEIVED = { ...SENT, part: new Uint8Array([1, 2, 3]) };

describe.each(['websocket', 'sse', 'polling'] as const)('over %s,', (transport) => {
  it('bytes arrive as they were sent, in events, calls and replies of both sides', async () => {
    const hub = createHub();
    const server = await listen((request, response) => void hub.handle(request, response));
    const sync = connect(server.origin, { transport, WebSocket });
    onTestFinished(async () => {
      sync.close();
      await hub.close();
      await server[Symbol.asyncDispose]();
    });
    const heard: unknown[] = [];
    hub.on('up', (session, data) => {
      heard.push(data);
      session.emit('down', SENT, { channel: 'x' });
      hub.emit('down', LARGE);
    });
    hub.answer('echo', (_, data) => ({ data, own: LARGE }));
    sync.answer('echo', (data) => ({ data, own: LARGE }));
    sync.on('down', (data) => heard.push(data));
    sync.channel('x').on('down', (data) => heard.push(data));
    sync.emit('up', SENT); // before there is a link
    await vi.waitFor(() => expect(heard).toHaveLength(3), { timeout: 10_000 });
    const isSame = (one: unknown, other: unknown): void => expect(one).toStrictEqual(other);
    isSame(heard[0], RECEIVED);
    isSame(
      heard.slice(1).find((data) => !(data instanceof Uint8Array)),
      RECEIVED,
    );
    isSame(
      heard.slice(1).find((data) => data instanceof Uint8Array),
      LARGE,
    );
    isSame(await sync.call('echo', SENT), { data: RECEIVED, own: LARGE });
    isSame(await hub.sessions()[0]!.call('echo', SENT), { data: RECEIVED, own: LARGE });
  });
});

it.each([
  { event: 'up', data: {}, binary: [['/a', '']] },
  { event: 'up', data: null, binary: [['', '%']] },
  { event: 'up', data: null, binary: ['AA=='] },
  { event: 'up', data: null, binary: [['']] },
  { event: 'up', data: null, binary: [['', 'AA==', 'Uint8Array']] },
  { event: 'up', data: null, binary: {} },
  { event: 'up', data: null, channel: 1 },
  { reply: 1, data: null, binary: [['/x', '']] },
])('a frame that does not fit closes the link with 4400: %j', async (frame) => {
  const hub = createHub();
  const heard = vi.fn();
  hub.on('up', heard);
  const server = await listen((request, response) => void hub.handle(request, response));
  onTestFinished(() => server[Symbol.asyncDispose]());
  const link = rawWebSocket(server.origin);
  link.send({ open: {} });
  await link.next();
  link.send({ ...frame, seq: 1 });
  expect(await link.find((answer) => 'bye' in answer)).toMatchObject({ bye: { code: 'bad-frame' } });
  expect(heard).not.toHaveBeenCalled();
});
