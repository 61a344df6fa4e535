/** What docs/from-velox.md says of moving one end at a time, end to end. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { connect, sse, type Sync } from '@velox/core';
import { version2 } from '@velox/core/version2';
import { handle, live } from '@velox/server';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Player } from '../core/test/version2/player.js';
import { START, transcript } from '../core/test/wire/transcript.js';
import { listen } from '../server-node/test/rig/listen.js';
import { GoClient, JsClient } from '../server-node/test/rig/version2-clients.js';
import { version2Stream, version2WebSocket } from '../server-node/test/rig/version2-links.js';

const page = readFileSync(resolve(import.meta.dirname, '../docs/from-velox.md'), 'utf8');

it('if the server is updated first, clients of velox 0.x work beside a new one, by each transport', async () => {
  expect(page).toContain('velox.handle(foo, { version2: true })');
  const foo = live({ a: 1, pad: 'x'.repeat(100) });
  await using server = await listen(handle(foo, { version2: true }));
  const links = [
    version2Stream(server.origin, new GoClient()),
    version2Stream(server.origin, new JsClient()),
    version2WebSocket(server.origin, new JsClient()),
  ];
  for (const link of links) await link.until(1);
  const sync = connect(server.origin, { transport: 'sse' });
  const replica = sync.replica();
  replica.subscribe(() => undefined);
  await vi.waitFor(() => expect(replica.get()).toMatchObject({ a: 1 }));
  foo.a = 2;
  for (const link of links) {
    await link.until(2);
    expect(link.client.value).toEqual({ ...foo });
    expect(link.client.counts).toEqual({ wholes: 1, deltas: 1 });
    link.close();
  }
  await vi.waitFor(() => expect(replica.get()).toMatchObject({ a: 2 }));
  sync.close();
});

/** A client that an original server answers, as it was recorded. */
async function meet(create: (url: string) => Sync): Promise<Sync> {
  const player = await Player.listen();
  const sync = create(player.url);
  onTestFinished(async () => {
    sync.close();
    await player[Symbol.asyncDispose]();
  });
  sync.replica().subscribe(() => undefined);
  const connection = await player.accept();
  const lines = transcript('go-sse-struct').filter(
    ({ conn, dir }) => conn === 'A' && dir === 'server->client',
  );
  for (const line of lines.slice(0, 3)) connection.play(line);
  return sync;
}

it('if the client is updated first, it follows a server of velox 0.x with decorated transports', async () => {
  expect(page).toContain('transports: [version2(websocket()), version2(sse())]');
  const sync = await meet((url) => connect(url, { transports: [version2(sse())] }));
  await vi.waitFor(() => expect(sync.replica().get()).toEqual(START));
  expect(sync.status.get().protocol).toBe(2);
  expect(() => sync.emit('a', 1)).toThrow('version 2');
});

it('if the client is updated first, the status says that the decorator is missing', async () => {
  const sync = await meet((url) => connect(url, { transport: 'sse' }));
  await vi.waitFor(() => expect(sync.status.get().reason?.code).toBe('unsupported-version'));
  expect(sync.status.get().reason?.message).toContain('@velox/core/version2');
});
