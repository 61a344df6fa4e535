/** The playground's page with one state in five frameworks. */
import { expect, test } from '@playwright/test';
import { PlaygroundServer } from './server.js';

let server: PlaygroundServer;
test.beforeEach(async () => {
  server = await PlaygroundServer.start();
});
test.afterEach(async () => {
  await server.kill();
});

for (const [device, viewport] of Object.entries({
  desktop: { width: 1280, height: 900 },
  phone: { width: 390, height: 844 },
})) {
  test(`five frameworks show the same, live, over one WebSocket, on a ${device}`, async ({ page }) => {
    await page.setViewportSize(viewport);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    let sockets = 0;
    page.on('websocket', () => sockets++);
    await page.goto(`${server.origin}/frameworks.html`);

    const lists = page.locator('[data-framework]');
    await expect(lists).toHaveCount(5);
    for (const list of await lists.all()) await expect(list.locator('li')).toHaveCount(8);
    const seen = new Set<string>();
    await expect(async () => {
      const texts = (await lists.allTextContents()).map((text) => text.replace(/\s/g, ''));
      expect(new Set(texts).size).toBe(1);
      texts.forEach((text) => seen.add(text));
      expect(seen.size).toBeGreaterThan(2);
    }).toPass({ timeout: 20_000, intervals: [300] });

    await expect(page.locator('.frames [data-kind=delta]').first()).toBeVisible();
    expect(sockets).toBe(1);
    expect(complaints).toEqual([]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBe(viewport.width);
  });
}
