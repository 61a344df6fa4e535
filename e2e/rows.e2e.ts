/** A thousand rows in each framework: what one change costs the page, and what a thousand changes a second do. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import * as velox from '@velox/server';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import react from '@vitejs/plugin-react';
import vue from '@vitejs/plugin-vue';
import { build } from 'vite';

const COUNT = 1_000;
const PROOF = !!process.env.VELOX_RUNS;

interface Row {
  id: number;
  name: string;
  cpu: number;
}

let folder: string;
let server: Server;
let origin: string;
let state: velox.Published<{ rows: Row[] }>;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'velox-rows-'));
  await build({
    configFile: false,
    logLevel: 'error',
    root: join(import.meta.dirname, 'rows'),
    plugins: [react({ include: /\.[jt]sx$/ }), vue(), svelte({ configFile: false })],
    build: { outDir: folder, emptyOutDir: true, chunkSizeWarningLimit: 2_000, target: 'es2022' },
  });
});
test.afterAll(() => rm(folder, { recursive: true, force: true }));

test.beforeEach(async () => {
  const rows = Array.from({ length: COUNT }, (_, id) => ({ id, name: `row ${id}`, cpu: id / 10 }));
  state = velox.state({ rows });
  server = createServer((request, response) => {
    if (request.url?.startsWith('/sync')) void state.handle(request, response);
    else void serve(request.url ?? '/', response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
test.afterEach(async () => {
  await state.close();
  server.closeAllConnections();
  server.close();
});

async function serve(url: string, response: ServerResponse): Promise<void> {
  const path = url.split('?')[0];
  const file = path === '/' ? 'index.html' : `${path}`.slice(1);
  const content = await readFile(join(folder, file)).catch(() => undefined);
  response.setHeader('content-type', file.endsWith('.js') ? 'text/javascript' : 'text/html');
  response.writeHead(content ? 200 : 404).end(content);
}

/** Opens the page of a framework, with all rows on it. */
async function open(page: Page, framework: string): Promise<string[]> {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(`${origin}/?framework=${framework}`);
  await expect(page.locator('li')).toHaveCount(COUNT);
  return complaints;
}

/** What every row shows. */
const shown = (page: Page): Promise<string[]> =>
  page.locator('.list-share').evaluateAll((all) => all.map((each) => each.textContent ?? ''));
const wanted = (): string[] => state.get().rows.map(({ cpu }) => `${cpu.toFixed(1)} %`);

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
    state.update((draft) => void ((draft.rows[500] as Row).cpu = 99.9));
    await expect(page.locator('.list-share').nth(500)).toHaveText('99.9 %');
    const report = await page.evaluate(() => (window as unknown as { report(): object }).report());
    expect(report).toMatchObject({ rows: [500] });
    expect(await shown(page)).toEqual(wanted());
    expect(complaints).toEqual([]);
  });

  test(`${framework}: 1,000 updates per second, for ${PROOF ? 10 : 1} s`, async ({ page }) => {
    const complaints = await open(page, framework);
    await page.evaluate(() => {
      let longest = 0;
      const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
      });
      observer.observe({ type: 'longtask' });
      Object.assign(window, { longest: () => longest });
    });
    const begun = performance.now();
    let made = 0;
    const total = PROOF ? 10_000 : 1_000;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        for (const due = Math.min(total, performance.now() - begun); made < due; made++) {
          const at = (made * 7) % COUNT;
          state.update((draft) => void ((draft.rows[at] as Row).cpu = made / 10));
        }
        if (made < total) return;
        clearInterval(timer);
        resolve();
      }, 1);
    });
    await expect.poll(() => shown(page), { timeout: 10_000 }).toEqual(wanted());
    const longest = await page.evaluate(() => (window as unknown as { longest(): number }).longest());
    test.info().annotations.push({ type: 'longest task', description: `${Math.round(longest)} ms` });
    if (PROOF) {
      process.stdout.write(`${framework}: ${made} updates, longest task ${Math.round(longest)} ms\n`);
      expect(longest).toBeLessThan(50);
    }
    expect(complaints).toEqual([]);
  });
}
