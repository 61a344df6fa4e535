/** A service worker stands between the page and the server, and forwards every request. */
import { expect, test, type Page } from '@playwright/test';
import { Fixture, type Counter } from './fixture.js';

/** A service worker as applications have it: it takes over immediately. */
const WORKER = `
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));
`;

declare global {
  interface Window {
    shown: (number | undefined)[];
    end: () => void;
  }
}

let fixture: Fixture;
test.beforeEach(async () => {
  fixture = await Fixture.start({ '/worker.js': WORKER });
});
test.afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

/** Opens a page behind the worker, whose client records the values that it shows. */
async function open(page: Page, transport: 'sse' | 'polling'): Promise<void> {
  await page.goto(`${fixture.origin}/page.html`);
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('/worker.js');
    await navigator.serviceWorker.ready;
  });
  await page.reload();
  await page.evaluate(async (transport) => {
    if (!navigator.serviceWorker.controller) throw new Error('no service worker');
    const path = '/client.js';
    const { connect } = (await import(path)) as typeof import('@velox/core');
    const shown: (number | undefined)[] = [];
    const sync = connect('/sync', { transport });
    const replica = sync.replica<{ count: number }>();
    replica.subscribe(() => shown.push(replica.get()?.count));
    Object.assign(window, { shown, end: sync.close });
  }, transport);
  await expectLive(page);
}

/** The page shows what the server has. */
async function expectLive(page: Page, timeout = 15_000): Promise<void> {
  const { count } = fixture.state.get() as Counter;
  await expect.poll(() => page.evaluate(() => window.shown.at(-1)), { timeout }).toBe(count);
}

/** How many clients have a link. */
const connected = (): number => fixture.hub.stats().sessions - fixture.hub.stats().away;

for (const transport of ['sse', 'polling'] as const) {
  test.describe(`behind a service worker, over ${transport}`, () => {
    test('a cut costs no more than the next change', async ({ page }) => {
      await open(page, transport);
      fixture.cut();
      fixture.bump();
      await expectLive(page, 4_000);
    });

    test('the server notices that the client left', async ({ page }) => {
      await open(page, transport);
      expect(connected()).toBe(1);
      await page.evaluate(() => window.end());
      await expect.poll(connected, { timeout: 4_000 }).toBe(0);
    });

    test('the server notices that the page was closed', async ({ page }) => {
      await open(page, transport);
      expect(connected()).toBe(1);
      await page.close();
      await expect.poll(connected, { timeout: 4_000 }).toBe(0);
    });
  });
}
