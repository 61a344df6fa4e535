/** A row that was read along with another one: it is on the screen with its parent, after one round trip, and costs nothing unshown. */
import { expect, test, type Page } from '@playwright/test';
import { RelatedServer } from './related/server.js';

let server: RelatedServer;
test.beforeEach(async () => {
  server = await RelatedServer.start();
});
test.afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

interface Frame {
  readonly subscribe?: readonly { readonly topic: string; readonly version?: number }[];
  readonly topic?: string;
  readonly for?: string;
  readonly body?: unknown;
}

/** The frames of the page's WebSocket, in both directions. */
function listen(page: Page): { readonly sent: Frame[]; readonly received: Frame[] } {
  const frames = { sent: [] as Frame[], received: [] as Frame[] };
  const framesIn = (payload: string | Buffer): Frame[] => [JSON.parse(String(payload)) as Frame].flat();
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => frames.sent.push(...framesIn(payload)));
    socket.on('framereceived', ({ payload }) => frames.received.push(...framesIn(payload)));
  });
  return frames;
}

test('a related row is shown in the same paint as its parent, after one round trip', async ({ page }) => {
  const { sent, received } = listen(page);
  await page.goto(`${server.origin}/?user`);
  await expect(page.locator('p')).toHaveText('Lamp for Ada');
  expect(await page.evaluate(() => window.paints.filter((text) => text.includes('Lamp')))).toEqual([
    'Lamp for Ada',
  ]);
  // The component asks from the seed's position, and is answered that it is up to date.
  await expect
    .poll(() => sent.flatMap(({ subscribe = [] }) => subscribe))
    .toMatchObject([{ topic: 'orders/1' }, { topic: 'users/7', version: 1 }]);
  const ofUser = () => received.filter(({ topic }) => topic === 'users/7');
  await expect.poll(ofUser).toHaveLength(2);
  expect(ofUser()[0]).toMatchObject({ for: 'orders/1', body: { name: 'Ada' } });
  expect(ofUser()[1]).not.toHaveProperty('body');
  expect(server.userFetches).toBe(0);
  server.users.put('7', { name: 'Eve' });
  await expect(page.locator('p')).toHaveText('Lamp for Eve');
});

test('a related row that no component shows costs no frame, no fetch and no subscription', async ({
  page,
}) => {
  const { sent, received } = listen(page);
  await page.goto(server.origin);
  await expect(page.locator('p')).toHaveText('Lamp for ');
  await page.waitForTimeout(500);
  expect(sent.flatMap(({ subscribe = [] }) => subscribe).map(({ topic }) => topic)).toEqual(['orders/1']);
  expect(received.filter(({ topic }) => topic === 'users/7')).toHaveLength(1);
  expect(server.userFetches).toBe(0);
  expect(server.users.stats()).toMatchObject({ rows: 1, watched: 0 });
  expect(server.hub.stats().subscriptions).toBe(1);
  server.users.put('7', { name: 'Eve' });
  await page.waitForTimeout(200);
  expect(received.filter(({ topic }) => topic === 'users/7')).toHaveLength(1);
});
