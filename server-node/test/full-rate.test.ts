import { expect, it } from 'vitest';
import { createTestSync } from '../src/testing/index.js';

it('a client that emits at the full rate may subscribe, too: its session goes on', async () => {
  const ended: string[] = [];
  const test = await createTestSync({
    limits: { rate: 20 },
    onDisconnect: (_, reason) => void ended.push(reason),
  });
  test.hub.state('board', { n: 1 });
  test.hub.on('cursor', () => undefined);
  const sync = test.connect();
  const pointer = setInterval(() => sync.emit('cursor', { x: 1 }, { volatile: true }), 10);
  for (let view = 0; view < 40; view++) {
    const leave = sync.replica('board').subscribe(() => {});
    await test.advance(1_500);
    leave();
    await test.advance(1_500);
  }
  clearInterval(pointer);
  expect(ended).toEqual([]);
  test.close();
});

it('a client with 1,000 topics opens on a hub with frames of 32 KiB at most', async () => {
  const test = await createTestSync({ limits: { frame: 32 * 1024 } });
  const names = Array.from({ length: 1_000 }, (_, n) => `items/with a name of some length/${n}`);
  for (const name of names) test.hub.state(name, { name });
  const sync = test.connect();
  const replicas = names.map((name) => sync.replica<{ name: string }>(name));
  for (const replica of replicas) replica.subscribe(() => {});
  await test.advance(10_000);
  expect(replicas.map((replica) => replica.get()?.name)).toEqual(names);
  expect(sync.status.get()).toMatchObject({ state: 'open', stale: false });
  test.close();
});
