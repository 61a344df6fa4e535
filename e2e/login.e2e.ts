/** A login by cookie: the page meets a login check, logs in, and its state opens. */
import { randomUUID } from 'node:crypto';
import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import type { Sync } from '@velox/core';
import { Fixture } from './fixture.js';

declare global {
  interface Window {
    sync: Sync;
    count: () => number | undefined;
  }
}

let fixture: Fixture;
test.beforeEach(async () => {
  const sessions = new Set<string>();
  const cookieOf = (header = ''): string => /session=([\w-]+)/.exec(header)?.[1] ?? '';
  fixture = await Fixture.start({}, (request, response) => {
    if (request.url === '/login') {
      const session = randomUUID();
      sessions.add(session);
      response
        .writeHead(204, { 'set-cookie': `session=${session}; HttpOnly; SameSite=Strict; Path=/` })
        .end();
      return true;
    }
    if (!request.url?.startsWith('/sync') || sessions.has(cookieOf(request.headers.cookie))) return false;
    const status = request.url.includes('forbidden') ? 403 : 401;
    response.writeHead(status, { 'content-type': 'text/plain' }).end('Log in first.');
    return true;
  });
});
test.afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

/** Opens a page that uses the state before anybody has logged in. */
async function openPage(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${fixture.origin}/page.html`);
  await page.evaluate(async (url) => {
    const path = '/client.js';
    const { connect } = (await import(path)) as typeof import('@velox/core');
    const sync = connect(url);
    const replica = sync.replica<{ count: number }>();
    replica.subscribe(() => undefined);
    Object.assign(window, { sync, count: () => replica.get()?.count });
  }, url);
  return page;
}

const state = (page: Page): Promise<string> => page.evaluate(() => window.sync.status.get().state);
const reason = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => window.sync.status.get().reason?.code);
const login = (page: Page): Promise<void> =>
  page.evaluate(async () => void (await fetch('/login', { method: 'POST' })));
const show = (page: Page): Promise<void> =>
  page.evaluate(() => void document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));

for (const [code, url] of [
  ['unauthorized', '/sync'],
  ['forbidden', '/sync?forbidden'],
] as const) {
  test.describe(`a page that is refused as ${code}`, () => {
    test('opens by reconnect() after its login', async ({ context }) => {
      const page = await openPage(context, url);
      await expect.poll(() => state(page)).toBe('closed');
      expect(await reason(page)).toBe(code);
      await login(page);
      expect(await state(page)).toBe('closed');
      await page.evaluate(() => window.sync.reconnect());
      await expect.poll(() => page.evaluate(() => window.count())).toBe(0);
      expect(await state(page)).toBe('open');
      // The first WebSocket was refused, too, so it is tried again beside the event stream.
      await expect.poll(() => page.evaluate(() => window.sync.status.get().transport)).toBe('websocket');
      expect(await reason(page)).toBeUndefined();
    });

    test('opens when it is shown again, after a login in another tab', async ({ context }) => {
      const page = await openPage(context, url);
      await expect.poll(() => state(page)).toBe('closed');
      await show(page); // still not logged in
      await expect.poll(() => state(page)).toBe('closed');
      const other = await context.newPage();
      await other.goto(`${fixture.origin}/page.html`);
      await login(other);
      await show(page);
      await expect.poll(() => page.evaluate(() => window.count())).toBe(0);
      expect(await state(page)).toBe('open');
    });
  });
}
