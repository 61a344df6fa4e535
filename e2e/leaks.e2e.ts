/** A list that comes and goes a thousand times in each framework leaves nothing in the browser. */
import { expect, test, type CDPSession } from '@playwright/test';
import { RowsServer } from './rows/server.js';

let server: RowsServer;
test.beforeEach(async () => {
  server = await RowsServer.start(5);
});
test.afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

/** Bytes that a thousand times may hold: 100 each, less than an object in a list. */
const LEAK = 100 * 1_000;

interface Use {
  readonly heap: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** A thousand times, and the frames after it: until then the browser keeps the paints. */
async function remount(): Promise<void> {
  await window.remount(1_000);
  for (let frames = 0; frames < 3; frames++) await new Promise((resolve) => requestAnimationFrame(resolve));
}

/** The page's memory use after garbage collection. */
async function measure(cdp: CDPSession): Promise<Use> {
  for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? NaN;
  return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
}

for (const framework of ['react', 'vue', 'svelte', 'angular', 'angularjs']) {
  test(`${framework}: 1,000 mounts leave no nodes, listeners or timers behind`, async ({ page }) => {
    const sockets: { readonly isClosed: () => boolean }[] = [];
    page.on('websocket', (socket) => sockets.push(socket));
    await page.addInitScript(() => {
      const pending = new Set<number>();
      const [start, stop] = [window.setTimeout.bind(window), window.clearTimeout.bind(window)];
      Object.assign(window, {
        timers: () => pending.size,
        setTimeout(run: (...args: unknown[]) => void, ms: number, ...args: unknown[]) {
          const timer = start(() => {
            pending.delete(timer);
            run(...args);
          }, ms);
          pending.add(timer);
          return timer;
        },
        clearTimeout(timer: number) {
          pending.delete(timer);
          stop(timer);
        },
      });
    });
    await page.goto(`${server.origin}/?framework=${framework}`);
    await expect(page.locator('li')).toHaveCount(5);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Performance.enable');

    await page.evaluate(remount); // the first one sets up caches
    // Compiled code grows, too, but not for ever: a leak grows each time.
    let held = Infinity;
    for (let round = 0; round < 4 && held >= LEAK; round++) {
      const before = await measure(cdp);
      await page.evaluate(remount);
      let after = await measure(cdp);
      const isGone = async (): Promise<boolean> => {
        after = await measure(cdp);
        return after.nodes <= before.nodes && after.listeners <= before.listeners;
      };
      // The browser itself keeps nodes for a while; what leaks it keeps for ever.
      await expect.poll(isGone, { timeout: 20_000 }).toBe(true);
      held = after.heap - before.heap;
    }
    test.info().annotations.push({ type: 'held', description: `${held} bytes` });
    expect(held).toBeLessThan(LEAK);
    expect(sockets).toHaveLength(1);

    await page.evaluate(() => window.hide());
    await expect.poll(() => sockets.every((socket) => socket.isClosed())).toBe(true);
    expect(await page.evaluate(() => (window as unknown as { timers(): number }).timers())).toBe(0);
  });
}
