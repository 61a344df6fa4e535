/** Bytes in messages, with real clients over every transport. */
import type { Sync } from '@velox/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createHub, type Hub } from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawWebSocket } from '../rig/raw-client.js';
import { sleep } from './trouble.js';
import { setUp, TRANSPORTS, until } from './ways.js';

const LARGE = new Uint8Array(64 * 1024).map((_, at) => (at * 31) >> 3);
const SENT = { part: Buffer.from([1, 2, 3]), deep: [{ buffer: new Uint8Array([4, 5]).buffer }], LARGE };
const RECEIVED = { ...SENT, part: new Uint8Array([1, 2, 3]) };

/** A hub and a client of any events, with the fault proxy between them. */
async function setUpAny(transport: (typeof TRANSPORTS)[number]) {
  const rig = await setUp(transport);
  return { hub: rig.hub as unknown as Hub, sync: rig.connect() as unknown as Sync, proxy: rig.proxy };
}

describe.each(TRANSPORTS)('over %s,', (transport) => {
  it('bytes arrive as they were sent, in events, calls and replies of both sides', async () => {
    const { hub, sync } = await setUpAny(transport);
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
    await until(() => expect(heard).toHaveLength(3));
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

  it(
    'bytes arrive as they were sent on a network that cuts links at any byte',
    { timeout: 60_000 },
    async () => {
      const { hub, sync, proxy } = await setUpAny(transport);
      const echoed: unknown[] = [];
      hub.on('up', (session, data) => session.emit('down', data));
      sync.on('down', (data) => echoed.push(data));
      hub.answer('echo', (_, data) => data);
      await until(() => expect(sync.status.get().state).toBe('open'));
      const sent = Array.from({ length: 30 }, (_, n) => new Uint8Array(1 + n * 300).map((_, at) => at * n));
      const replies: Promise<unknown>[] = [];
      for (const [n, data] of sent.entries()) {
        sync.emit('up', data);
        replies.push(sync.call('echo', { n, data }));
        await sleep(5);
        if (n % 10 === 5) proxy.fragment(1_001);
        if (n % 10 === 9) {
          proxy.cut();
          proxy.fragment(false);
        }
      }
      await until(() => expect(echoed).toHaveLength(sent.length));
      expect(echoed).toStrictEqual(sent);
      expect(await Promise.all(replies)).toStrictEqual(sent.map((data, n) => ({ n, data })));
    },
  );
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
