// `npm run examples`: installs, builds and starts the examples of Next.js and SvelteKit, and the live orders, and checks each in
// Chromium. They are no part of `npm test`, because they download some 400 MB from the registry. Run `npm run build` before.
// `-- next` runs one of them.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { freePort } from '../examples/cluster/free-port.mjs';
import { tryOrders } from './examples/orders.mjs';

/** Starts an example; returns its address and a function that stops it. */
async function start(cwd) {
  for (const script of [
    ['install', '--no-audit', '--no-fund'],
    ['run', 'build'],
  ]) {
    const { status } = spawnSync('npm', script, { cwd, stdio: 'inherit' });
    assert.equal(status, 0, `npm ${script.join(' ')} in ${cwd}`);
  }
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), HOST: '127.0.0.1' };
  // A group of its own: npm's shell does not pass signals on.
  const server = spawn('npm', ['start'], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const text of server.stdout) if (/ready|listening/i.test(text)) break;
  return { origin: `http://127.0.0.1:${port}`, stop: () => process.kill(-server.pid) };
}

/** For how long a page is watched, in ms: longer than the heartbeat, so that a link that delivers nothing is noticed. */
const WATCHED = 22_000;

/** Looks at a page: rendered by the server, hydrated in silence, live from its position over one connection that stays open. */
async function look(browser, origin) {
  assert.match(await (await fetch(origin)).text(), /<li[^>]*>row 60/);
  const page = await browser.newPage();
  const complaints = [];
  const requests = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => request.url().includes('/sync') && requests.push(request.url()));
  await page.goto(origin);
  const status = page.getByRole('status');
  await status.filter({ hasText: 'open' }).waitFor({ timeout: 10_000 });
  const first = page.locator('li').first();
  const texts = new Set();
  for (const end = Date.now() + WATCHED; Date.now() < end; await page.waitForTimeout(200)) {
    assert.equal(await status.textContent(), 'open');
    texts.add(await first.textContent());
  }
  assert.ok(texts.size > WATCHED / 2_000, `the first row changed ${texts.size} times`);
  assert.deepEqual(complaints, []);
  assert.equal(requests.length, 1);
  assert.match(requests[0], /&id=[^&]+&v=\d+/);
}

const browser = await chromium.launch({
  executablePath: process.env.VELOX_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const only = process.argv[2];
for (const name of ['next', 'sveltekit'].filter((each) => !only || each === only)) {
  const { origin, stop } = await start(fileURLToPath(new URL(`../examples/${name}`, import.meta.url)));
  try {
    await look(browser, origin);
    console.log(`ok    examples/${name}`);
  } finally {
    stop();
  }
}
if (!only || only === 'orders') await tryOrders(browser);
await browser.close();
