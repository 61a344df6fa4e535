/** The example of live orders: SQL from outside of the application changes the rows in two windows. */
import { spawn, type ChildProcess } from 'node:child_process';
import { expect, test, type Page } from '@playwright/test';

let server: ChildProcess;
let origin: string;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  const env = { ...process.env, PORT: '0' };
  server = spawn(process.execPath, ['examples/orders/server.js'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  origin = await new Promise((resolve, reject) => {
    server.once('exit', () => reject(new Error(`the example ended: ${said}`)));
    server.stdout?.on('data', (text: Buffer) => {
      said += text.toString();
      const found = /listening on (\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
  });
});
test.afterAll(() => void server.kill());

const rows = (page: Page) => page.locator('tbody tr');

test('a change by SQL shows in two windows', async ({ page, context }) => {
  const other = await context.newPage();
  const pages = [page, other];
  const complaints: string[] = [];
  for (const each of pages) {
    each.on('pageerror', (error) => complaints.push(error.message));
    await each.goto(origin);
    await expect(rows(each)).toHaveCount(4);
  }
  server.stdin?.write("update orders set status = 'sent' where customer = 'Ada'\n");
  for (const each of pages) await expect(rows(each).first().getByRole('button')).toHaveText('sent');
  server.stdin?.write("insert into orders (customer, product, amount) values ('Eve', 'Mirror', 1)\n");
  for (const each of pages) await expect(rows(each).last()).toContainText('Eve');
  server.stdin?.write("delete from orders where customer = 'Ben'\n");
  for (const each of pages) await expect(rows(each).filter({ hasText: 'Ben' })).toHaveCount(0);
  await rows(page).filter({ hasText: 'Cleo' }).getByRole('button').click();
  await expect(rows(other).filter({ hasText: 'Cleo' }).getByRole('button')).toHaveText('packed');
  expect(complaints).toEqual([]);
});
