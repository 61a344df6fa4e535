/** The example of two servers behind nginx, on each engine: orders taken by either server show in all windows, also after one has died. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, type Page } from '@playwright/test';
import { freePort } from '../examples/cluster/free-port.mjs';

let example: ChildProcess | undefined;
test.afterEach(async () => {
  if (!example || example.exitCode !== null) return;
  example.kill();
  await once(example, 'exit');
});

/** Starts the example; resolves with its address and the processes of its servers. */
async function start(engine: string): Promise<{ origin: string; servers: number[] }> {
  const port = await freePort();
  const args = ['examples/cluster/start.mjs', '--engine', engine, '--port', `${port}`];
  const child = (example = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
  let said = '';
  const servers = await new Promise<number[]>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the example ended: ${said}`)));
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString();
      const found = [...said.matchAll(/: process (\d+)/g)].map(([, pid]) => Number(pid));
      if (found.length === 2 && said.includes('Open http')) resolve(found);
    });
  });
  return { origin: `http://127.0.0.1:${port}`, servers };
}

/** Kills a process, and waits until it has ended: until then its port still accepts connections. */
async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  const isAlive = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(isAlive).toBe(false);
}

const rows = (page: Page) => page.locator('li');

for (const engine of ['sqlite', 'postgres', 'redis']) {
  test(`orders are taken by both servers and shown in both windows, on ${engine}`, async ({
    page,
    context,
  }) => {
    test.setTimeout(120_000);
    const { origin, servers } = await start(engine);
    const pages = [page, await context.newPage()];
    for (const each of pages) {
      await each.goto(origin);
      await expect(each.getByRole('status')).toHaveText('live');
    }
    let orders = 0;
    const order = async (): Promise<void> => {
      await page.getByRole('button').click();
      orders++;
      for (const each of pages) await expect(rows(each)).toHaveCount(orders);
    };
    const takenBy = async (name: string): Promise<boolean> =>
      (await rows(page).allTextContents()).join().includes(name);
    while (!(await takenBy('server 1')) || !(await takenBy('server 2'))) await order();
    await kill(servers[0] as number);
    for (let n = 0; n < 4; n++) await order();
    await kill(servers[1] as number);
    await page.getByRole('button').click();
    await expect(page.getByRole('alert')).toContainText('No server confirmed the order.');
  });
}
