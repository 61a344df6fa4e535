/** A thousand rows in each framework: the cost of one change for the page, and the effect of a thousand changes a second. */
import { expect, test, type Page } from '@playwright/test';
import { RowsServer, type Row } from './rows/server.js';

const COUNT = 1_000;
const PROOF = !!process.env.VELOX_RUNS;

let server: RowsServer;
test.beforeEach(async () => {
  server = await RowsServer.start(COUNT);
});
test.afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

/** Opens the page of a framework, with all rows on it. */
async function open(page: Page, framework: string): Promise<string[]> {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(`${server.origin}/?framework=${framework}`);
  await expect(page.locator('li')).toHaveCount(COUNT);
  return complaints;
}

/** What every row shows. */
const shown = (page: Page): Promise<string[]> =>
  page.locator('.list-share').evaluateAll((all) => all.map((each) => each.textContent ?? ''));
const wanted = (): string[] => server.state.get().rows.map(({ cpu }) => `${cpu.toFixed(1)} %`);

for (const framework of ['react', 'vue', 'svelte', 'angular', 'angularjs']) {
  test(`${framework}: one cell of 1,000 rows changes, and nothing else in the document`, async ({ page }) => {
    const complaints = await open(page, framework);
    await page.evaluate(() => {
      const touched = new Set<Element | null>();
      let mutations = 0;
      const observer = new MutationObserver((records) => {
        for (const { target } of records) {
          mutations++;
          touched.add((target instanceof Element ? target : target.parentElement)?.closest('li') ?? null);
        }
      });
      observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      Object.assign(window, {
        report: () => ({
          mutations,
          rows: [...touched].map((row) => row && [...(row.parentElement?.children ?? [])].indexOf(row)),
        }),
      });
    });
    server.state.update((draft) => void ((draft.rows[500] as Row).cpu = 99.9));
    await expect(page.locator('.list-share').nth(500)).toHaveText('99.9 %');
    const report = await page.evaluate(() => (window as unknown as { report(): object }).report());
    expect(report).toMatchObject({ rows: [500] });
    expect(await shown(page)).toEqual(wanted());
    expect(complaints).toEqual([]);
  });

  test(`${framework}: 1,000 updates per second, for ${PROOF ? 10 : 1} s`, async ({ page }) => {
    const complaints = await open(page, framework);
    await page.evaluate(async () => {
      // What opening the page has cost is over.
      await new Promise((resolve) => setTimeout(() => requestIdleCallback(resolve), 500));
      let longest = 0;
      const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
      });
      observer.observe({ type: 'longtask' });
      // After 500 ms the test itself changes the page.
      Object.assign(window, {
        longest: () => new Promise((resolve) => setTimeout(() => resolve(longest), 500)),
      });
    });
    const begun = performance.now();
    let made = 0;
    const total = PROOF ? 10_000 : 1_000;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        for (const due = Math.min(total, performance.now() - begun); made < due; made++) {
          const at = (made * 7) % COUNT;
          server.state.update((draft) => void ((draft.rows[at] as Row).cpu = made / 10));
        }
        if (made < total) return;
        clearInterval(timer);
        resolve();
      }, 1);
    });
    const longest = await page.evaluate(() =>
      (window as unknown as { longest(): Promise<number> }).longest(),
    );
    await expect.poll(() => shown(page), { timeout: 10_000 }).toEqual(wanted());
    test.info().annotations.push({ type: 'longest task', description: `${Math.round(longest)} ms` });
    if (PROOF) {
      process.stdout.write(`${framework}: ${made} updates, longest task ${Math.round(longest)} ms\n`);
      expect(longest).toBeLessThan(50);
    }
    expect(complaints).toEqual([]);
  });
}
