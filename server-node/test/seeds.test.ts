/** Rows that were read along with another one: they come in its write, for clients that may see them. */
import type { ServerFrame } from '@velox/core/protocol';
import { expect, it } from 'vitest';
import { fetched, type HubOptions } from '../src/index.js';
import { createTestSync, type TestSync } from '../src/testing/index.js';

interface User {
  name: string;
}
interface Order {
  user: number;
  pad: string;
}
const users: Record<string, User> = { 7: { name: 'ann' }, 8: { name: 'bob' } };

async function shop(options: HubOptions<unknown> = {}): Promise<TestSync & { readonly reads: string[] }> {
  const test = await createTestSync(options);
  const reads: string[] = [];
  test.hub.entity('users', {
    fetch(id) {
      reads.push(id);
      return users[id] ?? null;
    },
  });
  test.hub.entity('orders', {
    fetch: (id) =>
      fetched({ user: 7, pad: id.repeat(200) }, { related: { 'users/7': users[7], 'users/8': users[8] } }),
  });
  return Object.assign(test, { reads });
}

it.each(['websocket', 'sse', 'polling'] as const)(
  'over %s, a related row is shown together with its parent, and confirmed by a position',
  async (transport) => {
    await using test = await shop();
    const sync = test.connect({ transport });
    const frames: ServerFrame[] = [];
    sync.onFrame((frame) => frames.push(frame));
    const order = sync.replica<Order>('orders/1');
    const shown: unknown[] = [];
    order.subscribe(() => {
      const value = order.get();
      if (value) shown.push(sync.replica<User>(`users/${value.user}`).get());
    });
    await test.advance(200);
    expect(shown).toEqual([{ name: 'ann' }]);
    const before = frames.length;
    const user = sync.replica<User>('users/7');
    user.subscribe(() => {});
    await test.advance(200);
    expect(frames.slice(before).filter((frame) => 'topic' in frame)).toEqual([
      { topic: 'users/7', id: expect.any(String), version: 1 },
    ]);
    expect(user.status.get().stale).toBe(false);
    expect(test.reads).toEqual([]);
  },
);

it('a related row that the client may not see does not leave', async () => {
  await using test = await shop({
    canSubscribe: (_, topic) => (topic === 'users/8' ? Promise.resolve(false) : Promise.resolve(true)),
  });
  const sync = test.connect();
  const frames: string[] = [];
  sync.onFrame((frame) => frames.push(JSON.stringify(frame)));
  sync.replica('orders/1').subscribe(() => {});
  await test.advance(200);
  expect(frames.some((frame) => frame.includes('ann'))).toBe(true);
  expect(frames.join('')).not.toContain('bob');
});

it('a related row that the client has subscribed is not sent twice', async () => {
  await using test = await shop();
  const sync = test.connect();
  const seeds: ServerFrame[] = [];
  sync.onFrame((frame) => 'for' in frame && seeds.push(frame));
  sync.replica('users/7').subscribe(() => {});
  await test.advance(200);
  sync.replica('orders/1').subscribe(() => {});
  await test.advance(200);
  expect(seeds).toMatchObject([{ topic: 'users/8', for: 'orders/1' }]);
});

it('related rows are not sent again to a client that resumes with the present row', async () => {
  await using test = await shop();
  const sync = test.connect();
  let seeds = 0;
  sync.onFrame((frame) => 'for' in frame && seeds++);
  sync.replica('orders/1').subscribe(() => {});
  await test.advance(200);
  test.inflict({ harm: 'drop' });
  await test.advance(5_000);
  expect(sync.status.get().state).toBe('open');
  expect(seeds).toBe(2);
});

it('related rows of more than 64 KiB are left out, and a wanted one is newer than a seed', async () => {
  await using test = await createTestSync();
  const related = Object.fromEntries(
    Array.from({ length: 20 }, (_, id) => [`users/${id}`, { name: 'x'.repeat(8_000) }]),
  );
  test.hub.entity('users', { fetch: (id) => users[id] ?? null });
  test.hub.entity('orders', { fetch: () => fetched({ n: 1 }, { related }) });
  const sync = test.connect();
  let seeds = 0;
  sync.onFrame((frame) => 'for' in frame && seeds++);
  sync.replica('orders/1').subscribe(() => {});
  await test.advance(200);
  expect(seeds).toBe(8);
});
