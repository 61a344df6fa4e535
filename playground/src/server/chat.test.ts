import { connect, type Sync } from '@velox/core';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MAX_MESSAGE } from '../chat/rooms.js';
import type { App } from '../contract.js';
import { createPlaygroundHub } from './hub.js';

let hub: ReturnType<typeof createPlaygroundHub>['hub'];
let server: Server;
let sync: Sync<App>;

beforeEach(async () => {
  ({ hub } = createPlaygroundHub());
  server = createServer((req, res) => void hub.handle(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  sync = connect<App>(`http://127.0.0.1:${port}/`, { auth: () => '0123456789abcdef' });
});

afterEach(async () => {
  sync.close();
  await hub.close();
  server.close();
});

it('names a visitor by its token', async () => {
  const me = await sync.call('me', null);
  expect(me.name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
  expect(hub.sessions()[0]?.context).toEqual(me);
});

it('keeps the newest 50 messages of a room', async () => {
  sync.join('lobby');
  await vi.waitFor(() => expect(hub.room('lobby').size).toBe(1));
  for (let n = 1; n <= 51; n++) await sync.call('say', { room: 'lobby', text: ` message ${n} ` });
  const chat = sync.replica('chat/lobby');
  chat.subscribe(() => {});
  await vi.waitFor(() => expect(chat.get()?.messages.map(({ text }) => text)).toHaveLength(50));
  expect([chat.get()?.messages[0]?.text, chat.get()?.messages[49]?.text]).toEqual([
    'message 2',
    'message 51',
  ]);
});

it.each([
  ['a room that the visitor is not in', { room: 'ideas', text: 'x' }, 'not-here'],
  ['an unknown room', { room: '__proto__', text: 'x' }, 'not-here'],
  ['no object', null, 'not-here'],
  ['a blank text', { room: 'lobby', text: ' \n' }, 'bad-text'],
  ['a text that is no string', { room: 'lobby', text: 7 }, 'bad-text'],
  ['a text above the limit', { room: 'lobby', text: 'x'.repeat(MAX_MESSAGE + 1) }, 'bad-text'],
])('refuses %s with a code', async (_what, data, code) => {
  sync.join('lobby');
  await vi.waitFor(() => expect(hub.room('lobby').size).toBe(1));
  await expect(sync.call('say', data as never)).rejects.toMatchObject({ code });
});

it('refuses a client without a token', async () => {
  const { port } = server.address() as AddressInfo;
  const anonymous = connect<App>(`http://127.0.0.1:${port}/`);
  anonymous.join('lobby');
  await vi.waitFor(() => expect(anonymous.status.get().reason?.code).toBe('unauthorized'));
  anonymous.close();
});
