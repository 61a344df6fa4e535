/** A page that the server rendered: the first render is the server's, and the client goes on from its position. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@playwright/test';

let server: ChildProcess;
let origin: string;
test.beforeAll(async () => {
  server = spawn(process.execPath, ['examples/ssr/server.mjs'], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(server.stdout as NodeJS.EventEmitter, 'data')) as [Buffer];
  origin = /http:\/\/localhost:\d+/.exec(line.toString())?.[0] ?? '';
});
test.afterAll(() => void server.kill());

for (const framework of ['react', 'vue', 'svelte']) {
  test(`${framework} hydrates the rendered page, and asks only for later changes`, async ({ page }) => {
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    const sent: string[] = [];
    const received: string[] = [];
    let connections = 0;
    page.on('request', (request) => {
      if (new URL(request.url()).pathname === '/sync') connections++; // by another transport
    });
    page.on('websocket', (socket) => {
      if (!socket.url().includes('/sync')) return;
      connections++;
      socket.on('framesent', ({ payload }) => sent.push(String(payload)));
      socket.on('framereceived', ({ payload }) => received.push(String(payload)));
    });
    await page.addInitScript(() => {
      const texts: string[] = [];
      Object.assign(window, { texts });
      const look = (): void => void texts.push(document.querySelector('#app')?.textContent ?? '');
      new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
    });

    const html = await (await fetch(`${origin}/${framework}`)).text();
    expect(html).toContain('&lt;/script');
    await page.goto(`${origin}/${framework}`);
    const second = page.locator('li').nth(1);
    const before = await second.textContent();
    await expect(second).not.toHaveText(before ?? '', { timeout: 10_000 });
    await expect(page.locator('li').first()).toHaveText('</script><b>harmless</b>');
    await expect(page.locator('b')).toHaveCount(0);

    const texts = await page.evaluate(() => (window as unknown as { texts: string[] }).texts);
    expect(texts.filter((text) => text.includes('loading'))).toEqual([]);
    expect(complaints).toEqual([]);
    expect(connections).toBe(1);
    expect(sent.find((text) => text.includes('subscribe'))).toMatch(/"id":"[^"]+","version":\d+/);
    const frames = received.map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(frames.filter((frame) => 'body' in frame && !('delta' in frame))).toEqual([]);
    expect(frames.some((frame) => 'delta' in frame)).toBe(true);
  });

  test(`${framework} never mixes two users that are rendered at once`, async () => {
    const pages = Array.from({ length: 40 }, async (_, at) => {
      const [name, other] = at % 2 ? ['ann', 'bob'] : ['bob', 'ann'];
      const html = await (await fetch(`${origin}/${framework}?user=${name}`)).text();
      expect(html.split(`for ${name} alone`)).toHaveLength(3); // once in the markup, once as `initial`
      expect(html).not.toContain(`for ${other} alone`);
    });
    await Promise.all(pages);
  });

  test(`${framework} goes on with each user's own, in two browsers at once`, async ({ browser }) => {
    const live = ['ann', 'bob'].map(async (name) => {
      const page = await browser.newPage();
      const received: string[] = [];
      page.on('websocket', (socket) => {
        if (!socket.url().includes('/sync')) return;
        socket.on('framereceived', ({ payload }) => received.push(String(payload)));
      });
      await page.goto(`${origin}/${framework}?user=${name}`);
      await expect.poll(() => received.join()).toContain('"version"');
      await expect(page.locator('#app')).toHaveText(`for ${name} alone`);
      expect(received.join()).not.toContain('alone');
      await page.close();
    });
    await Promise.all(live);
  });
}
